package authserver

import (
	"log/slog"
	"net/http"
)

// sorryView is the page for a request that cannot go on, and whose client must not be answered.
type sorryView struct{ Text string }

// sorry tells the user. Texts of this package's own errors are meant for them.
func (s *Server) sorry(w http.ResponseWriter, r *http.Request, err error) {
	o := asOAuth(err)
	status := o.status
	if status == 0 {
		status = http.StatusBadRequest
	}
	if o.cause != nil {
		s.config.Log.ErrorContext(r.Context(), "authorization server", slog.String("error", o.Code), slog.String("cause", o.cause.Error()))
	}
	s.page(w, r, status, "sorry", &sorryView{Text: o.Text})
}
