package rest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"andiron.dev/fhir"
	"github.com/labstack/echo/v4"
)

// call is one HTTP request on its way through.
type call struct {
	edge  *Edge
	http  *http.Request
	w     http.ResponseWriter
	start time.Time
	id    string // X-Request-Id
	base  string
	req   *fhir.Request // nil until the URL has been read
	media string        // media type of the answer, where the client has asked for another than FHIR's
	raw   bool          // a Binary is wanted as what it is, if its media type will do
	err   error         // what went wrong, for the log
	code  int           // status sent
	size  int           // bytes of the body sent
	leave func()        // ends what Throttle has begun
}

func (e *Edge) serve(c echo.Context) error {
	k := &call{edge: e, http: c.Request(), w: c.Response(), start: e.Now()}
	ctx, cancel := context.WithTimeout(k.http.Context(), e.Limits.Time)
	defer cancel()
	defer k.log()
	defer k.release()
	defer k.rescue()
	k.prepare()
	if k.http.Method == http.MethodOptions {
		k.options()
		return nil
	}
	resp, err := k.answer(ctx)
	if err != nil {
		k.fail(err)
		return nil
	}
	k.respond(resp)
	return nil
}

// prepare sets what every answer carries.
func (k *call) prepare() {
	k.id = requestID(k.http.Header.Get("X-Request-Id"))
	if k.id == "" {
		k.id = k.edge.NewID()
	}
	k.base = k.edge.BaseURL
	if k.base == "" {
		scheme := "http"
		if k.http.TLS != nil {
			scheme = "https"
		}
		k.base = scheme + "://" + k.http.Host + k.edge.Path
	}
	h, fixed := k.w.Header(), &k.edge.fixed
	h["X-Request-Id"] = []string{k.id}
	h["X-Content-Type-Options"] = fixed.noSniff
	h["Cache-Control"] = fixed.noStore
	h["Referrer-Policy"] = fixed.noReferrer
	h["Vary"] = fixed.vary
	if id := requestID(k.http.Header.Get("X-Correlation-Id")); id != "" {
		h["X-Correlation-Id"] = []string{id}
	}
	if k.http.TLS != nil {
		h["Strict-Transport-Security"] = []string{"max-age=31536000"}
	}
	k.cors(h)
}

// requestID accepts a client's request id that is fit for a log and a header; "" for others.
func requestID(s string) string {
	if len(s) > 64 {
		return ""
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return ""
		}
	}
	return s
}

// answer reads the request and sends it through the pipeline.
func (k *call) answer(ctx context.Context) (*fhir.Response, error) {
	if err := k.checkHost(); err != nil {
		return nil, err
	}
	if err := k.checkOrigin(); err != nil {
		return nil, err
	}
	if len(k.http.URL.RawQuery) > k.edge.Limits.Query {
		o := fhir.Errorf(fhir.TooLong, "the query has more than %d bytes; use POST and _search for long queries", k.edge.Limits.Query)
		o.Refinement = fhir.LongURL
		return nil, o
	}
	target := strings.TrimPrefix(k.http.URL.EscapedPath(), k.edge.Path)
	if k.http.URL.RawQuery != "" || k.http.URL.ForceQuery {
		target += "?" + k.http.URL.RawQuery
	}
	req, err := Parse(k.http.Method, target, "")
	if err != nil {
		return nil, err
	}
	k.req = req
	req.Base = k.base
	if ctx, err = k.admit(ctx); err != nil {
		return nil, err
	}
	if err := k.readHeaders(); err != nil {
		return nil, err
	}
	// A form may hold _format, so it is read first; other bodies are not worth reading for an answer that nobody takes.
	form := req.Interaction == fhir.SearchType || req.Interaction == fhir.SearchSystem
	if form {
		if err := k.readBody(); err != nil {
			return nil, err
		}
	}
	if err := k.negotiate(); err != nil {
		return nil, err
	}
	if !form {
		if err := k.readBody(); err != nil {
			return nil, err
		}
	}
	return k.edge.Handler.Serve(ctx, req)
}

// checkHost refuses requests for a host that this server is not: a web page that has its own name resolved to the
// loopback address (DNS rebinding) must not get at the data of a server without authorization.
func (k *call) checkHost() error {
	if k.edge.Hosts == nil {
		return nil
	}
	host := k.http.Host
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	for _, known := range k.edge.Hosts {
		if strings.EqualFold(host, known) {
			return nil
		}
	}
	return fhir.NewOutcome(fhir.Forbidden, "this server does not answer for the host that the request names")
}

// rescue turns a panic into an answer, or, where an answer is on its way already, cuts the connection, so that the client
// does not take half of it for the whole.
func (k *call) rescue() {
	value := recover()
	if value == nil {
		return
	}
	if err, ok := value.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(value)
	}
	k.err = fhir.Recovered(value)
	if k.code != 0 {
		panic(http.ErrAbortHandler)
	}
	k.fail(k.err)
}
