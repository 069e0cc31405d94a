package wire_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/cmd/andiron/bench/wire"
)

// script answers every request on a connection with the next text; "" closes the connection instead.
func script(t *testing.T, answers ...string) (server wire.Server, requests *atomic.Int32) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	requests = &atomic.Int32{}
	next := 0
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			in := bufio.NewReader(conn)
			for next < len(answers) {
				req, err := http.ReadRequest(in)
				if err != nil {
					break
				}
				_, _ = io.Copy(io.Discard, req.Body)
				requests.Add(1)
				text := answers[next]
				next++
				if text == "" {
					break
				}
				_, _ = io.WriteString(conn, text)
				if strings.Contains(text, "HTTP/1.0") || strings.Contains(text, "close") {
					break
				}
			}
			conn.Close()
		}
	}()
	server, err = wire.Parse("http://" + listener.Addr().String() + "/fhir")
	if err != nil {
		t.Fatal(err)
	}
	return server, requests
}

func dial(t *testing.T, server wire.Server) *wire.Conn {
	t.Helper()
	c := wire.New(context.Background(), server, 2*time.Second, "Accept: application/fhir+json")
	t.Cleanup(c.Close)
	return c
}

func TestFraming(t *testing.T) {
	long := strings.Repeat("x", 300_000)
	for name, c := range map[string]struct{ text, body string }{
		"length":         {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"},
		"no reason":      {"HTTP/1.1 200\r\ncontent-length:5\r\n\r\nhello", "hello"},
		"long":           {fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(long), long), long},
		"chunked":        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: 1\r\n\r\n", "hello"},
		"chunked, long":  {fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(long), long), long},
		"to the end":     {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", "hello"},
		"HTTP/1.0":       {"HTTP/1.0 200 OK\r\n\r\nhello", "hello"},
		"informational":  {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"},
		"bare newlines":  {"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", "hello"},
		"other fields":   {"HTTP/1.1 200 OK\r\nServer: a: b\r\nX-Lo: 1\r\nContent-Length: 5\r\n\r\nhello", "hello"},
		"length of none": {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
	} {
		after := "HTTP/1.1 204 No Content\r\nETag: W/\"7\"\r\n\r\n"
		server, _ := script(t, c.text, after)
		conn := dial(t, server)
		resp, err := conn.Do("GET", []byte("/Patient/1"), nil)
		if err != nil || resp.Status != 200 || string(resp.Body) != c.body {
			t.Errorf("%s: %v, %+.100v", name, err, resp)
			continue
		}
		if resp.Received < len(c.body) {
			t.Errorf("%s: %d bytes received", name, resp.Received)
		}
		// What follows on the same connection, or on a new one, begins where the first answer ended.
		resp, err = conn.Do("DELETE", []byte("/Patient/1"), nil)
		if err != nil || resp.Status != 204 || string(resp.ETag) != `W/"7"` || len(resp.Body) != 0 {
			t.Errorf("%s: then %v, %+v", name, err, resp)
		}
	}
}

func TestFields(t *testing.T) {
	server, _ := script(t, "HTTP/1.1 201 Created\r\nLOCATION: http://h/fhir/Patient/1/_history/1\r\netag:  W/\"1\" \r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}")
	resp, err := dial(t, server).Do("POST", []byte("/Patient"), []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if string(resp.Location) != "http://h/fhir/Patient/1/_history/1" || string(resp.ETag) != `W/"1"` || string(resp.Encoding) != "gzip" {
		t.Errorf("%q %q %q", resp.Location, resp.ETag, resp.Encoding)
	}
}

func TestWhatIsSent(t *testing.T) {
	big := strings.Repeat("b", 200_000)
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, fmt.Sprint(r.Method, " ", r.RequestURI, " ", r.Host == r.Context().Value(http.LocalAddrContextKey).(net.Addr).String(),
			" ", r.Header.Get("Accept"), " ", r.Header.Get("Content-Type"), " ", len(body)))
	}))
	defer s.Close()
	for _, base := range []string{"/fhir/", ""} {
		server, err := wire.Parse(s.URL + base)
		if err != nil {
			t.Fatal(err)
		}
		conn := dial(t, server)
		for _, r := range []struct {
			method, path string
			body         []byte
		}{{"GET", "/Patient?name:contains=ohn", nil}, {"POST", "", []byte(big)}, {"PUT", "/Patient/1", []byte("{}")}} {
			if resp, err := conn.Do(r.method, []byte(r.path), r.body); err != nil || resp.Status != 200 {
				t.Fatal(err, resp)
			}
		}
	}
	want := []string{
		"GET /fhir/Patient?name:contains=ohn true application/fhir+json  0", "POST /fhir true application/fhir+json application/fhir+json 200000",
		"PUT /fhir/Patient/1 true application/fhir+json application/fhir+json 2",
		"GET /Patient?name:contains=ohn true application/fhir+json  0", "POST / true application/fhir+json application/fhir+json 200000",
		"PUT /Patient/1 true application/fhir+json application/fhir+json 2",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A server may close an idle connection just when a request is sent. Only a request that may be sent twice is.
func TestClosedBetweenRequests(t *testing.T) {
	ok := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
	for method, want := range map[string]int32{"GET": 3, "PUT": 3, "DELETE": 3, "POST": 2} {
		server, requests := script(t, ok, "", ok)
		conn := dial(t, server)
		if _, err := conn.Do("GET", nil, nil); err != nil {
			t.Fatal(err)
		}
		_, err := conn.Do(method, nil, nil)
		if (err == nil) != (want == 3) || requests.Load() != want {
			t.Errorf("%s: %v after %d requests, want %d", method, err, requests.Load(), want)
		}
		if err != nil && wire.Reason(err) != "connection closed" {
			t.Errorf("%s: reason %q", method, wire.Reason(err))
		}
	}
}

func TestReasons(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "connection closed",
		"SSH-2.0-OpenSSH_9\r\n": "malformed answer",
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nhello":            "connection closed",
		"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n":                                      "malformed answer",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n":                                     "malformed answer",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n":                       "malformed answer",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n":                 "malformed answer",
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 100_000) + "\r\n\r\n":                "malformed answer",
		"HTTP/1.1 200 OK\r\nno colon\r\n\r\n":                                               "malformed answer",
		"HTTP/1.1 101 Switching Protocols\r\n\r\n":                                          "malformed answer",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n":          "malformed answer",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhe": "connection closed",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n":                            "malformed answer",
	} {
		server, _ := script(t, text)
		conn := wire.New(context.Background(), server, 300*time.Millisecond)
		defer conn.Close()
		if _, err := conn.Do("POST", nil, []byte("{}")); err == nil {
			t.Errorf("%.80q is taken", text)
		} else if got := wire.Reason(err); got != want {
			t.Errorf("%.80q: %v, reason %q, want %q", text, err, got, want)
		}
	}
	stalled, err := net.Listen("tcp", "127.0.0.1:0") // accepts and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer stalled.Close()
	server, err := wire.Parse("http://" + stalled.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn := wire.New(context.Background(), server, 50*time.Millisecond)
	defer conn.Close()
	if _, err := conn.Do("GET", nil, nil); err == nil || wire.Reason(err) != "timeout" {
		t.Error(err)
	}
	gone, err := wire.Parse("http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dial(t, gone).Do("GET", nil, nil); err == nil || wire.Reason(err) != "connection refused" {
		t.Error(err)
	}
}

// The reason why a body was refused arrives although the server did not read it all.
func TestRefusedBody(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = io.ReadFull(conn, make([]byte, 100))
		_, _ = io.WriteString(conn, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.CopyN(io.Discard, conn, 1<<20)
		time.Sleep(100 * time.Millisecond)
		conn.Close()
	}()
	server, err := wire.Parse("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	resp, err := dial(t, server).Do("POST", nil, make([]byte, 8<<20))
	if err == nil && resp.Status != 413 || err != nil && wire.Reason(err) != "connection closed" {
		t.Errorf("%v, %+v", err, resp)
	}
}

func TestEndOfContext(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer s.Close()
	server, err := wire.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	conn := wire.New(ctx, server, time.Minute)
	start := time.Now()
	if _, err := conn.Do("GET", nil, nil); err == nil || wire.Reason(err) != "interrupted" {
		t.Errorf("%v, reason %q", err, wire.Reason(err))
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	defer s.Close()
	server, err := wire.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dial(t, server).Do("GET", nil, nil); err == nil || wire.Reason(err) != "TLS" {
		t.Errorf("an unknown certificate: %v", err)
	}
	server.TLS.InsecureSkipVerify = true
	if resp, err := dial(t, server).Do("GET", nil, nil); err != nil || string(resp.Body) != "{}" {
		t.Error(err)
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"http://localhost:8080/fhir/": "localhost:8080 localhost:8080 /fhir false", "https://h": "h:443 h  true",
		"http://[::1]/r4": "[::1]:80 [::1] /r4 false",
	} {
		s, err := wire.Parse(text)
		if got := fmt.Sprint(s.Address, " ", s.Host, " ", s.Base, " ", s.TLS != nil); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "localhost:8080", "ftp://h", "http://", "http://h/fhir?x=1", "http://u:p@h/", "http://h\r\n/", "http://h/#a"} {
		if _, err := wire.Parse(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
