package server

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
)

// Clock is a clock that tests can set. It goes on from the time that it was set to; until then it is the machine's. The zero value is ready.
type Clock struct{ ahead atomic.Int64 }

// Now is the time by the clock.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Set sets the clock.
func (c *Clock) Set(now time.Time) { c.ahead.Store(int64(time.Until(now))) }

// TestPath is where a server with a Clock is told what time it is. It is beside the FHIR base, and no token is asked for.
const TestPath = "/_test"

// testable mounts the end points of Config.Clock; without one there are none.
func (s *Server) testable() {
	if s.config.Clock == nil {
		return
	}
	set, drain := s.named(http.HandlerFunc(s.setClock)), s.named(http.HandlerFunc(s.drained))
	s.echo.PUT(TestPath+"/clock", echo.WrapHandler(set))
	s.echo.POST(TestPath+"/drain", echo.WrapHandler(drain))
}

// setClock is PUT /_test/clock {"now":"2026-05-04T10:00:00Z"}: it answers when everything is done that is due by then.
func (s *Server) setClock(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Now time.Time `json:"now"`
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<10))
	if err == nil {
		err = json.Unmarshal(text, &body)
	}
	if err != nil || body.Now.Year() < 1970 || body.Now.Year() > 2200 { // what is further away does not fit into a Duration
		http.Error(w, `the body must be {"now":"…"} with an instant between 1970 and 2200, such as 2026-05-04T10:00:00Z`, http.StatusBadRequest)
		return
	}
	s.config.Clock.Set(body.Now)
	s.drained(w, r)
}

// drained is POST /_test/drain: it answers when nothing is left that is due.
func (s *Server) drained(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), drainTime)
	defer cancel()
	if err := s.Drain(ctx); err != nil {
		s.config.Log.Error("the workers were not drained", slog.String("cause", err.Error()))
		http.Error(w, "not everything that is due could be done in time; the log says why", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(struct { // a client that has gone away is nobody's error
		Now time.Time `json:"now"`
	}{s.config.Now().UTC()})
}
