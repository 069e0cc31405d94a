package fhir

import (
	"strconv"
	"strings"
	"time"
)

// InvalidToken refuses a token that is not good here, or no longer (RFC 6750, section 3.1). The text must not say which of both, nor
// hold any of the token.
func InvalidToken(text string) *Outcome {
	o := NewOutcome(Login, text)
	o.Challenge = `error="invalid_token"`
	return o
}

// ExpiredToken refuses a token whose time is over.
func ExpiredToken(text string) *Outcome {
	o := NewOutcome(Expired, text)
	o.Challenge = `error="invalid_token", error_description="the token has expired"`
	return o
}

// InsufficientScope refuses what the scopes of the token do not cover, whatever is stored (RFC 6750, section 3.1). scope names those
// that would do, "" = not said.
func InsufficientScope(text, scope string) *Outcome {
	o := NewOutcome(Forbidden, text)
	o.Challenge = `error="insufficient_scope"`
	if scope != "" {
		o.Challenge += `, scope="` + quotable(scope) + `"`
	}
	return o
}

// StepUp asks for a user who has proved more, or lately enough, who they are (RFC 9470): acr are the contexts that would do, best first;
// within is how old the login may be, 0 = however old.
func StepUp(text string, acr []string, within time.Duration) *Outcome {
	o := NewOutcome(Login, text)
	o.Challenge = `error="insufficient_user_authentication"`
	if len(acr) > 0 {
		o.Challenge += `, acr_values="` + quotable(strings.Join(acr, " ")) + `"`
	}
	if within > 0 {
		o.Challenge += `, max_age=` + strconv.Itoa(int(within.Seconds()))
	}
	return o
}

// quotable is s without what must not stand in the quoted strings of a challenge: scopes hold anything printable but '"' and '\'.
func quotable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, s)
}

// maxToken bounds a token: what is longer no issuer has made.
const maxToken = 8 << 10

// BearerToken is the token in the Authorization headers of a request (RFC 6750, section 2.1); "" where there are none. Errors: Login for
// another scheme, for several tokens, and for what is no token.
func BearerToken(headers []string) (string, error) {
	if len(headers) == 0 {
		return "", nil
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	token = strings.Trim(token, " ")
	switch {
	case len(headers) > 1:
		return "", InvalidToken("the header Authorization must be sent once")
	case !strings.EqualFold(scheme, "Bearer"):
		return "", InvalidToken("the header Authorization must hold a Bearer token")
	case len(token) > maxToken || !isToken(token):
		return "", InvalidToken("the access token is not well-formed")
	}
	return token, nil
}

// isToken reports whether s is a b64token of RFC 6750.
func isToken(s string) bool {
	s = strings.TrimRight(s, "=")
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-._~+/", rune(c)) {
			return false
		}
	}
	return s != ""
}
