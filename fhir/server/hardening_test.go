package server_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir/rest"
	"andiron.dev/fhir/server"
	"andiron.dev/fhir/store/storetest"
)

// listening serves a hospital on a socket and returns its address.
func listening(t *testing.T, h *hospital) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- h.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// TestSlowSenders: who sends a header bit by bit, or nothing at all, is cut off, whatever they hold open.
func TestSlowSenders(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes as long as the server is patient")
	}
	address := listening(t, open(t))
	for name, sent := range map[string]string{"nothing": "", "half a line": "GET /fhir/metadata", "half a header": "GET /fhir/metadata HTTP/1.1\r\nHost: localhost\r\nX-A: "} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(c, sent); err != nil {
				t.Fatal(err)
			}
			go func() { // a byte now and then does not help
				for range 20 {
					time.Sleep(500 * time.Millisecond)
					if _, err := io.WriteString(c, "a"); err != nil || sent == "" {
						return
					}
				}
			}()
			_ = c.SetReadDeadline(time.Now().Add(15 * time.Second))
			begun := time.Now()
			if answer, err := io.ReadAll(c); err != nil && strings.Contains(err.Error(), "timeout") {
				t.Errorf("after %s it still waits: %s", time.Since(begun), answer)
			}
		})
	}
}

// TestLargeHeaders: a header that is too large is refused before anything of the request is looked at.
func TestLargeHeaders(t *testing.T) {
	address := listening(t, open(t))
	for size, want := range map[int]int{20 << 10: 200, 40 << 10: 431, 1 << 20: 431} {
		r, _ := http.NewRequest("GET", "http://"+address+"/fhir/metadata?_elements=id", nil)
		r.Header.Set("X-Large", strings.Repeat("a", size))
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			if size < 1<<20 { // the server does not read all of it, so the client may not come to read the answer
				t.Errorf("%d: %v", size, err)
			}
			continue
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%d bytes: %d, want %d", size, resp.StatusCode, want)
		}
	}
}

// TestStrangeRequests: what is no HTTP, or two requests in one, is not served.
func TestStrangeRequests(t *testing.T) {
	h := open(t)
	address := listening(t, h)
	for name, raw := range map[string]string{
		"two lengths":          "POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nhello",
		"length and chunked":   "POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
		"a line end in a name": "GET /fhir/metadata HTTP/1.1\r\nHost: localhost\r\nX-A\r\n : b\r\n\r\n",
		"two hosts":            "GET /fhir/metadata HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
		"no host":              "GET /fhir/metadata HTTP/1.1\r\n\r\n",
		"no HTTP":              "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n",
	} {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, raw)
		_ = c.SetReadDeadline(time.Now().Add(2 * time.Second))
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err == nil && resp.StatusCode < 400 {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
		_ = c.Close()
	}
}

// TestLimits: what would cost too much is refused with a status that says which limit it was (security.md §8.2).
func TestLimits(t *testing.T) {
	storetest.Single(t)
	h := open(t, func(c *server.Config) { c.MaxEntries = 20 })
	bomb := func(n int) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(bytes.Repeat([]byte(" "), n))
		_ = z.Close()
		return b.String()
	}
	entry := `{"request":{"method":"GET","url":"Patient/a"}}`
	for _, test := range []struct {
		name, method, path, body, header string
		want                             int
	}{
		{"a deep resource", "POST", "/Patient", `{"resourceType":"Patient","extension":` + strings.Repeat(`[{"url":"a","extension":`, 80) + "[]" + strings.Repeat("}]", 80) + "}", "", 413},
		{"deep arrays", "POST", "/Patient", strings.Repeat("[", 1_000_000), "", 413},
		{"a large resource", "POST", "/Patient", `{"resourceType":"Patient"` + strings.Repeat(" ", 9<<20) + "}", "", 413},
		{"10 MB", "POST", "/Observation", strings.Repeat("x", 10<<20), "", 413},
		{"a large Bundle", "POST", "/", `{"resourceType":"Bundle"` + strings.Repeat(" ", 33<<20) + "}", "", 413},
		{"a bomb", "POST", "/Patient", bomb(48 << 20), "Content-Encoding: gzip", 413},
		{"a bomb in a Bundle", "POST", "/", bomb(48 << 20), "Content-Encoding: gzip", 413},
		{"a bomb in a patch", "PATCH", "/Patient/a", bomb(48 << 20), "Content-Encoding: gzip", 413},
		{"two encodings", "POST", "/Patient", bomb(1000), "Content-Encoding: gzip, gzip", 415},
		{"another encoding", "POST", "/Patient", "x", "Content-Encoding: br", 415},
		{"many entries", "POST", "/", `{"resourceType":"Bundle","type":"batch","entry":[` + strings.Repeat(entry+",", 20) + entry + "]}", "", 422},
		{"a long URL", "GET", "/Patient?name=" + strings.Repeat("a", 17<<10), "", "", 414},
		{"a long form", "POST", "/Patient/_search", "name=" + strings.Repeat("a", 2<<20), "Content-Type: application/x-www-form-urlencoded", 413},
		{"many parameters", "GET", "/Patient?" + strings.Repeat("a=b&", 101), "", "", 422},
		{"XML", "POST", "/Patient", `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><Patient/>`, "Content-Type: application/fhir+xml", 415},
		{"many nodes", "POST", "/Patient", `{"resourceType":"Patient","name":[` + strings.Repeat(`{},`, 600_000) + "{}]}", "", 413},
	} {
		begun := time.Now()
		headers := []string{}
		if test.header != "" {
			headers = append(headers, test.header)
		}
		w := h.do(test.method, test.path, test.body, headers...)
		if w.Code != test.want || !strings.Contains(w.Body.String(), "OperationOutcome") {
			t.Errorf("%s: %d, want %d: %.300s", test.name, w.Code, test.want, w.Body)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%s: it took %s", test.name, took)
		}
	}
}

func TestBehindProxies(t *testing.T) {
	proxies, err := rest.ParseProxies([]string{"10.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	h := open(t, func(c *server.Config) { c.Proxies, c.Hosts = proxies, server.LoopbackHosts("fhir.example.org") })
	send := func(remote string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "http://localhost/fhir/metadata?_elements=implementation", nil)
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", "203.0.113.77")
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("X-Forwarded-Host", "fhir.example.org")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	if w := send("10.1.1.1:1"); !strings.Contains(w.Body.String(), `"url":"https://fhir.example.org/fhir"`) || w.Header().Get("Strict-Transport-Security") == "" || !strings.Contains(h.log.String(), `"client":"203.0.113.77"`) {
		t.Errorf("%s\n%s", w.Body, h.log)
	}
	if w := send("192.0.2.9:1"); !strings.Contains(w.Body.String(), `"url":"http://localhost/fhir"`) || !strings.Contains(h.log.String(), `"client":"192.0.2.9"`) {
		t.Errorf("a stranger is believed: %s\n%s", w.Body, h.log)
	}
}

func TestBounds(t *testing.T) {
	h := open(t, func(c *server.Config) { c.Bounds = server.Bounds{Rate: 0.01, Burst: 3} })
	from := func(address string) int {
		r := httptest.NewRequest("GET", "http://localhost/fhir/Patient/none", nil)
		r.RemoteAddr = address
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code == 429 && (w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), `"throttled"`)) {
			t.Errorf("%v %s", w.Header(), w.Body)
		}
		return w.Code
	}
	var got []int
	for i := range 5 {
		got = append(got, from(fmt.Sprintf("192.0.2.1:%d", i+1)))
	}
	got = append(got, from("192.0.2.2:1"), from("127.0.0.1:1"))
	if fmt.Sprint(got) != "[404 404 404 429 429 404 404]" {
		t.Errorf("%v", got)
	}
}
