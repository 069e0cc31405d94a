package authserver

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"andiron.dev/fhir"
)

// originSet is what this process knows of the origins that clients have registered.
type originSet struct {
	mu   sync.Mutex
	read time.Time
	list map[string]bool
}

const originsFresh = time.Second

// MayCall reports whether pages of an origin may call the FHIR API and the token endpoint: an active client has registered it. A
// browser's preflight does not say which client it is for.
func (s *Server) MayCall(ctx context.Context, origin string) bool {
	o := &s.origins
	o.mu.Lock()
	defer o.mu.Unlock()
	if now := s.config.Now(); o.list == nil || now.Sub(o.read) >= originsFresh || now.Before(o.read) {
		set := make(map[string]bool)
		err := s.config.Store.View(ctx, func(tx fhir.Tx) error {
			clear(set)
			list, err := clients(ctx, tx)
			for _, c := range list {
				for _, one := range c.Origins {
					set[one] = set[one] || c.Status == Active
				}
			}
			return err
		})
		if err != nil {
			return false
		}
		o.list, o.read = set, now
	}
	return o.list[origin]
}

// allowOrigin lets a page of the client read the answer.
func (c *Client) allowOrigin(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" && slices.Contains(c.Origins, origin) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
	}
}

// preflighted is an endpoint that web pages of clients may call, by POST.
func (s *Server) preflighted(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		switch r.Method {
		case http.MethodPost:
			next(w, r)
		case http.MethodOptions:
			h.Set("Allow", "POST, OPTIONS")
			if origin := r.Header.Get("Origin"); origin != "" && s.MayCall(r.Context(), origin) {
				h.Set("Access-Control-Allow-Origin", origin)
				h.Set("Access-Control-Allow-Methods", "POST")
				h.Set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type")
				h.Set("Access-Control-Max-Age", "600")
			}
			w.WriteHeader(http.StatusNoContent)
		default:
			h.Set("Allow", "POST, OPTIONS")
			answer(w, http.StatusMethodNotAllowed, refuse(invalidRequest, "this endpoint takes POST"))
		}
	}
}
