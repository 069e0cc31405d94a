package spec

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
)

// request makes the HTTP request of an exchange.
func (r *run) request(e *exchange) (*http.Request, error) {
	target, err := r.fill(e.target)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(target, "/") {
		target = base + target
	}
	body, err := r.fill(e.body)
	if err != nil {
		return nil, err
	}
	request := httptest.NewRequest(e.method, target, strings.NewReader(body))
	h := request.Header
	if body != "" {
		h.Set("Content-Type", "application/fhir+json")
		if e.method == http.MethodPatch {
			h.Set("Content-Type", "application/json-patch+json")
		}
	}
	for _, line := range e.header {
		value, err := r.fill(line.value)
		switch {
		case err != nil:
			return nil, err
		case value == "":
			h.Del(line.name)
		case line.name == "Host":
			request.Host = value
		case line.name == "Content-Type":
			h.Set(line.name, value)
		default:
			h.Add(line.name, value)
		}
	}
	if e.has("gzip") {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(body)) // a buffer does not fail
		_ = z.Close()
		request.Body, request.ContentLength = io.NopCloser(&b), int64(b.Len())
		h.Set("Content-Encoding", "gzip")
	}
	return request, nil
}

// render writes the response as it stands in a file.
func (r *run) render(e *exchange, response *http.Response) (string, error) {
	shown := []string{
		"Access-Control-Allow-Headers", "Access-Control-Allow-Methods", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers",
		"Allow", "Content-Disposition", "Content-Encoding", "Content-Security-Policy", "Content-Type", "Etag", "Last-Modified", "Location", "Retry-After",
	}
	asked := make(map[string]bool)
	for _, d := range e.directives {
		if d.name == "show" {
			asked[http.CanonicalHeaderKey(d.value)] = true
			shown = append(shown, http.CanonicalHeaderKey(d.value))
		}
	}
	slices.Sort(shown)
	shown = slices.Compact(shown)
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP %d %s\n", response.StatusCode, http.StatusText(response.StatusCode))
	for _, name := range shown {
		for _, value := range response.Header.Values(name) {
			if value == "application/fhir+json; charset=utf-8" && !asked[name] {
				continue // what every answer is, unless it says otherwise
			}
			b.WriteString(strings.Replace(name, "Etag", "ETag", 1) + ": " + value + "\n")
		}
	}
	body := io.Reader(response.Body)
	if response.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			return "", err
		}
		body = z
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return "", err
	}
	if len(text) > 0 {
		b.WriteString("\n")
		if laid, ok := layout(string(text)); ok && !e.has("raw") {
			b.WriteString(laid)
		} else {
			b.Write(text)
		}
	}
	return strings.TrimRight(b.String(), "\n"), nil
}

// difference shows both texts from the first line on that is not the same.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	i := 0
	for i < len(g) && i < len(w) && g[i] == w[i] {
		i++
	}
	return fmt.Sprintf("from line %d of the response:\ngot\n%s\nwant\n%s", i+1, strings.Join(g[i:], "\n"), strings.Join(w[i:], "\n"))
}
