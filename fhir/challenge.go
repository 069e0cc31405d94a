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
