package authserver

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"andiron.dev/fhir"
)

// The error codes of RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6 and RFC 7591 §3.2.2.
const (
	invalidRequest          = "invalid_request"
	invalidClient           = "invalid_client"
	invalidGrant            = "invalid_grant"
	invalidScope            = "invalid_scope"
	unauthorizedClient      = "unauthorized_client"
	unsupportedGrantType    = "unsupported_grant_type"
	unsupportedResponseType = "unsupported_response_type"
	unsupportedTokenType    = "unsupported_token_type"
	accessDenied            = "access_denied"
	serverError             = "server_error"
	temporarilyUnavailable  = "temporarily_unavailable"
	loginRequired           = "login_required"
	consentRequired         = "consent_required"
	interactionRequired     = "interaction_required"
	requestNotSupported     = "request_not_supported"
	requestURINotSupported  = "request_uri_not_supported"
	invalidRedirectURI      = "invalid_redirect_uri"
	invalidClientMetadata   = "invalid_client_metadata"
	insufficientUserAuth    = "insufficient_user_authentication"
	invalidToken            = "invalid_token"
	insufficientScope       = "insufficient_scope"
)

// oauthError is an answer of RFC 6749 §5.2.
type oauthError struct {
	Code string `json:"error"`
	Text string `json:"error_description,omitempty"` // for the developer of a client: no secrets, no patient data

	status    int    // 0 = 400, invalid_client 401
	challenge string // WWW-Authenticate
	cause     error  // for the log
}

func (e *oauthError) Error() string { return e.Code + ": " + e.Text }

func (e *oauthError) Unwrap() error { return e.cause }

func refuse(code, text string) *oauthError { return &oauthError{Code: code, Text: text} }

// asOAuth makes an answer of any error. What is none stays in the log.
func asOAuth(err error) *oauthError {
	var o *oauthError
	if errors.As(err, &o) {
		return o
	}
	switch fhir.CodeOf(err) {
	case fhir.Transient, fhir.LockError, fhir.Timeout, fhir.Throttled:
		return &oauthError{Code: temporarilyUnavailable, Text: "the server is busy; try again", status: http.StatusServiceUnavailable, cause: err}
	}
	return &oauthError{Code: serverError, Text: "an internal error occurred", status: http.StatusInternalServerError, cause: err}
}

// fail answers with an error.
func (s *Server) fail(ctx context.Context, w http.ResponseWriter, err error) {
	o := asOAuth(err)
	status := o.status
	if status == 0 {
		status = http.StatusBadRequest
		if o.Code == invalidClient {
			status = http.StatusUnauthorized
		}
	}
	if o.cause != nil {
		level := slog.LevelWarn
		if status == http.StatusInternalServerError {
			level = slog.LevelError
		}
		s.config.Log.Log(ctx, level, "authorization server", slog.String("error", o.Code), slog.String("cause", o.cause.Error()))
	}
	if o.challenge != "" {
		w.Header().Set("WWW-Authenticate", o.challenge)
	}
	answer(w, status, o)
}

// answer sends JSON that nobody may keep (RFC 6749 §5.1).
func answer(w http.ResponseWriter, status int, body any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	text, err := json.Marshal(body)
	if err != nil { // only what this package makes is sent
		status, text = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// quotable leaves out what must not stand in an error description (RFC 6749 §5.2).
func quotable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, text)
}
