package main

import (
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"sync"
)

// floor is the yardstick of BenchmarkServer, in a process of its own: a Go handler that answers the same bytes as the server at
// upstream, which it asks once for each URL. It prints its address like the program does.
func floor(upstream string) {
	type answer struct {
		status int
		header http.Header
		body   []byte
	}
	var answers sync.Map // by URL
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString(`{"msg":"listening","url":"http://` + l.Addr().String() + `/fhir"}` + "\n")
	panic(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		url := r.URL.RequestURI()
		kept, ok := answers.Load(url)
		if !ok {
			resp, err := http.Get(upstream + url)
			if err != nil {
				panic(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				panic(err)
			}
			kept = &answer{resp.StatusCode, resp.Header, body}
			answers.Store(url, kept)
		}
		a := kept.(*answer)
		maps.Copy(w.Header(), a.header)
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body)
	})))
}
