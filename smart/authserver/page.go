package authserver

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"andiron.dev/smart/account"
)

// pageFiles are the pages: layout.html is around them all; each other one defines "title" and "main", which are given a frame.
//
//go:embed pages/*.html pages/style.css pages/webauthn.js
var pageFiles embed.FS

// pageSet holds the parsed pages. Its zero value parses them when the first is asked for.
type pageSet struct {
	once  sync.Once
	pages map[string]*template.Template
	err   error
}

func (p *pageSet) find(name string) (*template.Template, error) {
	p.once.Do(func() { p.pages, p.err = parsePages() })
	if p.err != nil {
		return nil, p.err
	}
	t := p.pages[name]
	if t == nil {
		return nil, fmt.Errorf("there is no page %q", name)
	}
	return t, nil
}

func parsePages() (map[string]*template.Template, error) {
	layout, err := template.New("layout.html").Option("missingkey=error").ParseFS(pageFiles, "pages/layout.html")
	if err != nil {
		return nil, err
	}
	names, err := pageFiles.ReadDir("pages")
	if err != nil {
		return nil, err
	}
	pages := make(map[string]*template.Template)
	for _, f := range names {
		name, isPage := strings.CutSuffix(f.Name(), ".html")
		if !isPage || name == "layout" {
			continue
		}
		t, err := layout.Clone()
		if err == nil {
			t, err = t.ParseFS(pageFiles, "pages/"+f.Name())
		}
		if err != nil {
			return nil, err
		}
		pages[name] = t
	}
	return pages, nil
}

// frame is what templates are given.
type frame struct {
	Auth string        // path of the authorization server, "/auth"
	User *account.User // who is logged in; nil = nobody
	View any
}

// page sends a page.
func (s *Server) page(w http.ResponseWriter, r *http.Request, status int, name string, view any) {
	request := ""
	switch v := view.(type) {
	case *consentView:
		request = v.Request
	case *pickerView:
		request = v.Request
	}
	next := ""
	if request != "" {
		next = Path + "/continue?request=" + url.QueryEscape(request)
	}
	s.pageFor(w, r, status, name, next, view)
}

// pageFor sends a page whose form may lead to an app: browsers hold every redirect after a form against form-action.
func (s *Server) pageFor(w http.ResponseWriter, r *http.Request, status int, name, next string, view any) {
	s.pageTo(w, r, status, name, s.formTarget(r, next), view)
}

// pageTo is pageFor with the source itself.
func (s *Server) pageTo(w http.ResponseWriter, r *http.Request, status int, name, target string, view any) {
	t, err := s.pages.find(name)
	f := frame{View: view}
	var b bytes.Buffer
	if err == nil {
		f.Auth = strings.TrimSuffix(pathOf(s.url(r, "/")), "/")
		if sess, fault := s.session(r); fault == nil && sess != nil {
			f.User = sess.User
		}
		err = t.ExecuteTemplate(&b, "layout.html", f)
	}
	pageHeaders(w, target)
	if err != nil {
		s.config.Log.ErrorContext(r.Context(), "authorization server: a page cannot be made", "page", name, "cause", err.Error())
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte("An internal error occurred.\n"))
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// pageHeaders are those of security.md §7 and §8.2.
func pageHeaders(w http.ResponseWriter, target string) {
	h := w.Header()
	if target != "" {
		target = " " + target
	}
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'"+target+"; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// formTarget is where a form may lead besides this server, as a source of a content security policy: to the app whose request waits at
// next. "" = nowhere.
func (s *Server) formTarget(r *http.Request, next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Path != Path+"/continue" {
		return ""
	}
	p, err := s.pendingOf(r, u.Query().Get("request"))
	if err != nil {
		return ""
	}
	return source(p.Redirect)
}

// source is a content security policy's word for where a URI is. What cannot be said exactly, a private scheme or an IPv6 address, is said by the
// scheme.
func source(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || !regexp.MustCompile(`^[a-z][a-z0-9+.-]*$`).MatchString(u.Scheme) {
		return ""
	}
	if origin := originOf(uri); origin != "" && regexp.MustCompile(`^https?://[A-Za-z0-9.-]+(:[0-9]+)?$`).MatchString(origin) {
		return origin
	}
	return u.Scheme + ":"
}

// pathOf is the path of a URL.
func pathOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	return u.Path
}

func (s *Server) styleSheet(w http.ResponseWriter, _ *http.Request) {
	asset(w, "pages/style.css", "text/css; charset=utf-8")
}

func (s *Server) script(w http.ResponseWriter, _ *http.Request) {
	asset(w, "pages/webauthn.js", "text/javascript; charset=utf-8")
}

// asset sends what pages load. It is the same for everybody.
func asset(w http.ResponseWriter, file, media string) {
	text, err := pageFiles.ReadFile(file)
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(text)
}
