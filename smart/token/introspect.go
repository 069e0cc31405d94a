package token

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"andiron.dev/smart"
	"andiron.dev/smart/outbound"
	"andiron.dev/smart/secret"
)

// Introspection is how an issuer is asked about a token (RFC 7662).
type Introspection struct {
	URL      string
	ClientID string // of this server at the issuer
	Secret   secret.Secret
	// AnyAudience accepts an answer that does not say for whom the token is. An issuer that has tokens for other servers too, and does not
	// say it, lets their tokens in.
	AnyAudience bool
}

const (
	believed   = time.Minute // how long an answer may be used: a token may be taken back
	maxAnswers = 20_000
)

// answers are what the issuer has said of tokens, by the digest of the token.
type answers struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]*answer
}

// answer holds nothing before done is closed, and does not change afterwards.
type answer struct {
	done      chan struct{}
	principal *smart.Principal
	err       error // it is not good, or the issuer has not answered
	until     time.Time
}

// introspected asks the issuer about a token, at most once a minute.
func (e *External) introspected(ctx context.Context, bearer string) (*smart.Principal, error) {
	if bearer == "" || len(bearer) > maxSize {
		return nil, refuse("it is too long")
	}
	key := sha256.Sum256([]byte(bearer))
	a, mine := e.answers.look(key, e.now())
	if mine {
		go e.ask(key, a, bearer) // not with the caller's context: others wait for it too
	}
	select {
	case <-a.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if a.err != nil {
		return nil, a.err
	}
	p := *a.principal // whoever gets it may add to it
	return &p, nil
}

// look finds the answer for a token, which may still be on its way. mine says that it is the caller's to get.
func (l *answers) look(key [sha256.Size]byte, now time.Time) (a *answer, mine bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a, ok := l.known[key]; ok && (!a.there() || now.Before(a.until)) {
		return a, false
	}
	if l.known == nil {
		l.known = make(map[[sha256.Size]byte]*answer)
	}
	if len(l.known) >= maxAnswers {
		l.forget(now)
	}
	a = &answer{done: make(chan struct{})}
	l.known[key] = a
	return a, true
}

func (a *answer) there() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// forget makes room: for what is over, and, if that is not enough, for all that has been answered.
func (l *answers) forget(now time.Time) {
	for key, a := range l.known {
		if a.there() && !now.Before(a.until) {
			delete(l.known, key)
		}
	}
	if len(l.known) < maxAnswers {
		return
	}
	for key, a := range l.known {
		if a.there() {
			delete(l.known, key)
		}
	}
}

// ask gets an answer. That the issuer has not answered is not remembered: the next request asks again.
func (e *External) ask(key [sha256.Size]byte, a *answer, bearer string) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTime)
	defer cancel()
	claims, err := e.inquire(ctx, bearer)
	now := e.now()
	until := now.Add(believed)
	if err == nil {
		var exp time.Time
		if exp, err = e.checkAnswer(claims, now); err == nil {
			a.principal, err = e.principal(claims, name(bearer))
		}
		if err == nil && exp.Before(until) {
			until = exp
		}
	}
	a.err, a.until = err, until
	var refused *Refused
	e.answers.mu.Lock()
	defer e.answers.mu.Unlock()
	close(a.done)
	if err != nil && !errors.As(err, &refused) {
		delete(e.answers.known, key)
	}
}

// inquire asks the issuer. Errors hold nothing of the answer.
func (e *External) inquire(ctx context.Context, bearer string) (map[string]any, error) {
	form := url.Values{"token": {bearer}, "token_type_hint": {"access_token"}}.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.Introspect.URL, strings.NewReader(form))
	if err != nil {
		return nil, errors.New("token: the introspection URL cannot be read")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	r.SetBasicAuth(url.QueryEscape(e.Introspect.ClientID), url.QueryEscape(string(e.Introspect.Secret))) // RFC 6749, section 2.3.1
	resp, err := e.Client.Do(r)
	if err != nil {
		return nil, outbound.Plain(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("token: introspection is answered with the status %d", resp.StatusCode)
	}
	if media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, errors.New("token: introspection is not answered with JSON")
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, outbound.Plain(err)
	}
	claims, err := object(body)
	if err != nil {
		return nil, errors.New("token: introspection is not answered with a JSON object")
	}
	return claims, nil
}

// checkAnswer wants a token that is active now, of the issuer, and for this server. It returns when the token expires.
func (e *External) checkAnswer(claims map[string]any, now time.Time) (time.Time, error) {
	if active, ok := claims["active"].(bool); !ok || !active {
		return time.Time{}, refuse("its issuer says that it is not active")
	}
	c := reader{claims: claims}
	exp, nbf := c.moment("exp"), c.moment("nbf")
	issuer, kind := c.text("iss"), c.text("token_type")
	if c.err != nil {
		return time.Time{}, c.err
	}
	aud, err := sole(claims, "aud")
	switch {
	case err != nil:
		return time.Time{}, err
	case aud != e.Audience && (aud != "" || !e.Introspect.AnyAudience):
		return time.Time{}, refuse("its audience is not this server alone")
	case issuer != "" && issuer != e.Issuer:
		return time.Time{}, refuse("it is of another issuer")
	case kind != "" && !strings.EqualFold(kind, "Bearer"):
		return time.Time{}, refuse("it is no bearer token")
	case exp.IsZero():
		return time.Time{}, refuse("it does not say when it expires")
	case !now.Before(exp):
		return time.Time{}, &expired{}
	case now.Add(leeway).Before(nbf):
		return time.Time{}, refuse("it is not valid yet")
	}
	return exp, nil
}
