package server

import (
	"net/http"
	"strings"
	"sync/atomic"
)

// Load knows whether requests are being answered, so that work beside them can make way. It is safe for concurrent use.
type Load struct{ running atomic.Int64 }

// Busy reports whether a request is being answered.
func (l *Load) Busy() bool { return l.running.Load() > 0 }

// over counts what a handler is doing. Websockets are open all day and demand nothing.
func (l *Load) over(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, Path) && r.URL.Path != SocketPath {
			l.running.Add(1)
			defer l.running.Add(-1)
		}
		h.ServeHTTP(w, r)
	})
}
