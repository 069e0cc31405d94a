package account_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/account"
	"andiron.dev/smart/account/accounttest"
	"github.com/pquerna/otp/totp"
)

// enrol turns one-time codes on for a user and gives the seed and the recovery codes.
func (p *place) enrol(name string) (secret string, recovery []string) {
	p.t.Helper()
	ctx := context.Background()
	sess := p.session(p.in(name).Token)
	seed, err := p.BeginCodes(ctx, sess)
	if err != nil {
		p.t.Fatal(err)
	}
	again, err := p.PendingCodes(ctx, sess)
	if err != nil || again.Secret != seed.Secret || again.URL != seed.URL {
		p.t.Fatalf("%+v, then %+v, %v", seed, again, err)
	}
	if _, _, err := p.FinishCodes(ctx, caller(), sess, "000000x"); !errors.Is(err, account.ErrWrong) {
		p.t.Fatal(err)
	}
	token, recovery, err := p.FinishCodes(ctx, caller(), sess, p.code(seed.Secret))
	if err != nil {
		p.t.Fatal(err)
	}
	if s := p.session(token); s.ACR() != account.ACRMulti || p.session(sess.ID) != nil {
		p.t.Fatalf("session %+v", s)
	}
	return seed.Secret, recovery
}

func (p *place) code(secret string) string {
	code, err := totp.GenerateCode(secret, p.clock.Now())
	if err != nil {
		p.t.Fatal(err)
	}
	return code
}

// half logs in with the password and gives the token of the login half done.
func (p *place) half(name string) account.Second {
	p.t.Helper()
	l := p.in(name)
	if l.Session != nil {
		p.t.Fatal("no second factor was asked for")
	}
	return account.Second{Login: l.Token}
}

func TestCodes(t *testing.T) {
	ctx := context.Background()
	p := open(t)
	u := p.add("ana")
	secret, recovery := p.enrol("ana")
	if len(recovery) != 10 {
		t.Fatalf("%d recovery codes", len(recovery))
	}
	// SEC-3: the code that enrolment was finished with is used.
	w := p.half("ana")
	if _, err := p.FinishCode(ctx, caller(), w, p.code(secret)); !errors.Is(err, account.ErrWrong) {
		t.Fatalf("a code used before: %v", err)
	}
	p.clock.Advance(30 * time.Second)
	code := p.code(secret)
	l, err := p.FinishCode(ctx, caller(), w, code[:3]+" "+code[3:])
	if err != nil {
		t.Fatal(err)
	}
	s := p.session(l.Token)
	if s.ACR() != account.ACRMulti || !slices.Equal(s.AMR, []string{"pwd", "otp", "mfa"}) || !s.Fresh(p.clock.Now(), time.Minute) || p.last() != "login login 0" {
		t.Errorf("session %+v, %s", s, p.last())
	}
	if _, err := p.FinishCode(ctx, caller(), w, recovery[0]); !errors.Is(err, account.ErrExpired) {
		t.Errorf("a login finished twice: %v", err)
	}
	if _, err := p.FinishCode(ctx, caller(), p.half("ana"), code); !errors.Is(err, account.ErrWrong) {
		t.Errorf("replay: %v", err)
	}
	// The step before is within the window, but before one that was accepted.
	p.clock.Advance(30 * time.Second)
	if _, err := p.FinishCode(ctx, caller(), p.half("ana"), code); !errors.Is(err, account.ErrWrong) {
		t.Errorf("replay a step later: %v", err)
	}
	next, _ := totp.GenerateCode(secret, p.clock.Now().Add(30*time.Second))
	if _, err := p.FinishCode(ctx, caller(), p.half("ana"), next); err != nil {
		t.Errorf("a clock half a minute ahead: %v", err)
	}
	if _, err := p.FinishCode(ctx, caller(), p.half("ana"), p.code(secret)); !errors.Is(err, account.ErrWrong) {
		t.Errorf("a code older than one that was accepted: %v", err)
	}
	p.clock.Advance(time.Hour)
	late, _ := totp.GenerateCode(secret, p.clock.Now().Add(-60*time.Second))
	if _, err := p.FinishCode(ctx, caller(), p.half("ana"), late); !errors.Is(err, account.ErrWrong) {
		t.Errorf("two steps late: %v", err)
	}
	// A seed is of one user.
	err = p.store.View(ctx, func(tx fhir.Tx) error {
		r, err := tx.Record(ctx, "credential", u.ID)
		if err == nil && strings.Contains(string(r.Value), secret) {
			t.Error("the seed is kept in clear")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestCodesOnce: of fifty that use one code, or one recovery code, at once, one gets in.
func TestCodesOnce(t *testing.T) {
	ctx := context.Background()
	p := open(t, func(o *account.Options) {
		o.Limits = account.DefaultLimits()
		o.Limits.Codes = 1000
		o.Limits.FailureBurst = 1000
	})
	p.add("ana")
	secret, recovery := p.enrol("ana")
	for name, code := range map[string]func() string{
		"one-time code": func() string { p.clock.Advance(30 * time.Second); return p.code(secret) },
		"recovery code": func() string { return recovery[3] },
	} {
		halves := make(chan account.Second, 50)
		for range 50 {
			halves <- p.half("ana")
		}
		the := code()
		if n := race(t, 50, func() error {
			_, err := p.FinishCode(ctx, caller(), <-halves, the)
			return err
		}, account.ErrWrong); n != 1 {
			t.Errorf("%s: %d got in", name, n)
		}
	}
}

func TestCodeLimit(t *testing.T) {
	ctx := context.Background()
	p := open(t)
	p.add("ana")
	secret, recovery := p.enrol("ana")
	p.clock.Advance(30 * time.Second)
	block := 5 * time.Minute
	for range 2 {
		w := p.half("ana")
		for n := range 5 {
			if _, err := p.FinishCode(ctx, caller(), w, "000000"); !errors.Is(err, account.ErrWrong) {
				t.Fatalf("try %d: %v", n, err)
			}
		}
		var throttled *account.Throttled
		for _, code := range []string{p.code(secret), recovery[0]} {
			if _, err := p.FinishCode(ctx, caller(), w, code); !errors.As(err, &throttled) || throttled.RetryAfter != block {
				t.Fatalf("after 5 wrong codes: %v instead of %v", err, block)
			}
		}
		p.clock.Advance(block)
		block *= 2
	}
	if _, err := p.FinishCode(ctx, caller(), p.half("ana"), p.code(secret)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestRecovery(t *testing.T) {
	ctx := context.Background()
	p := open(t)
	u := p.add("ana")
	_, recovery := p.enrol("ana")
	typed := strings.ToUpper(strings.ReplaceAll(recovery[7], "-", " "))
	l, err := p.FinishCode(ctx, caller(), p.half("ana"), typed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.FinishCode(ctx, caller(), p.half("ana"), typed); !errors.Is(err, account.ErrWrong) {
		t.Errorf("used twice: %v", err)
	}
	f, err := p.Factors(ctx, u.ID)
	if err != nil || f.Recovery != 9 || !f.Codes || !f.Second() {
		t.Errorf("%+v, %v", f, err)
	}
	sess := p.session(l.Token)
	fresh, err := p.RenewRecovery(ctx, caller(), sess)
	if err != nil || len(fresh) != 10 || slices.Contains(fresh, recovery[0]) {
		t.Fatal(fresh, err)
	}
	if _, err := p.FinishCode(ctx, caller(), p.half("ana"), recovery[0]); !errors.Is(err, account.ErrWrong) {
		t.Errorf("a code from before: %v", err)
	}
	// Without a second factor the password must be able to stand alone.
	if err := p.SetPassword(ctx, account.System("cli"), u.ID, "eight8ch"); err != nil {
		t.Fatalf("8 characters beside a second factor: %v", err)
	}
	half, err := p.Login(ctx, caller(), "ana", "eight8ch", "")
	if err != nil {
		t.Fatal(err)
	}
	if l, err = p.FinishCode(ctx, caller(), account.Second{Login: half.Token}, fresh[0]); err != nil {
		t.Fatal(err)
	}
	sess = p.session(l.Token)
	var refused *account.Refused
	if _, err := p.DisableCodes(ctx, caller(), sess, "eight8ch"); !errors.As(err, &refused) {
		t.Errorf("a short password alone: %v", err)
	}
	token, err := p.ChangePassword(ctx, caller(), sess, "eight8ch", password)
	if err != nil {
		t.Fatal(err)
	}
	if token, err = p.DisableCodes(ctx, caller(), p.session(token), password); err != nil || p.session(token) == nil {
		t.Fatal(err)
	}
	if p.last() != "admin mfa-disable 0" || p.in("ana").Session == nil {
		t.Error(p.last())
	}
	if _, err := p.RenewRecovery(ctx, caller(), p.session(token)); !errors.As(err, &refused) {
		t.Errorf("recovery codes for nothing: %v", err)
	}
	p.enrol("ana")
	if err := p.ResetFactors(ctx, account.System("cli"), u.ID); err != nil {
		t.Fatal(err)
	}
	if p.session(token) != nil || p.in("ana").Session == nil {
		t.Error("a reset ends sessions and factors")
	}
}

const origin = "https://fhir.example.org"

func TestPasskeys(t *testing.T) {
	ctx := context.Background()
	p := open(t)
	u := p.add("ana")
	key, err := accounttest.New(origin)
	if err != nil {
		t.Fatal(err)
	}
	sess := p.session(p.in("ana").Token)
	register := func(origin string) (string, error) {
		opts, err := p.BeginPasskey(ctx, sess, "https://fhir.example.org")
		if err != nil {
			t.Fatal(err)
		}
		key.Origin = origin
		answer, err := key.Create(opts)
		if err != nil {
			t.Fatal(err)
		}
		token, err := p.FinishPasskey(ctx, caller(), sess, "https://fhir.example.org", "blue key", answer)
		if err == nil {
			if _, again := p.FinishPasskey(ctx, caller(), sess, "https://fhir.example.org", "", answer); !errors.Is(again, account.ErrExpired) {
				t.Errorf("a challenge used twice: %v", again)
			}
		}
		return token, err
	}
	var refused *account.Refused
	for _, bad := range []string{"https://fhir.example.org:8443", "http://fhir.example.org", "https://example.org", "https://evil.example", "https://a.fhir.example.org"} {
		if _, err := register(bad); !errors.As(err, &refused) {
			t.Errorf("from %s: %v", bad, err)
		}
	}
	token, err := register(origin)
	if err != nil {
		t.Fatal(err)
	}
	if s := p.session(token); s == nil || s.ACR() != account.ACRMulti || !slices.Contains(s.AMR, "hwk") {
		t.Fatalf("session %+v", s)
	}
	get := func(w account.Second) error {
		t.Helper()
		opts, err := p.BeginAssertion(ctx, w, origin)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := key.Get(opts)
		if err != nil {
			t.Fatal(err)
		}
		l, err := p.FinishAssertion(ctx, caller(), w, origin, answer)
		if err == nil {
			token = l.Token
			if _, again := p.FinishAssertion(ctx, caller(), w, origin, answer); !errors.Is(again, account.ErrExpired) {
				t.Errorf("an answer used twice: %v", again)
			}
		}
		return err
	}
	if err := get(p.half("ana")); err != nil {
		t.Fatal(err)
	}
	s := p.session(token)
	if s.ACR() != account.ACRMulti || p.last() != "login login 0" {
		t.Errorf("%+v, %s", s, p.last())
	}
	key.Origin = "https://evil.example"
	if err := get(p.half("ana")); !errors.Is(err, account.ErrWrong) {
		t.Errorf("from elsewhere: %v", err)
	}
	key.Origin = origin
	// A challenge is of one login.
	opts, _ := p.BeginAssertion(ctx, p.half("ana"), origin)
	answer, _ := key.Get(opts)
	if _, err := p.FinishAssertion(ctx, caller(), p.half("ana"), origin, answer); !errors.Is(err, account.ErrExpired) {
		t.Errorf("of another login: %v", err)
	}
	// A challenge is good for five minutes.
	w := p.half("ana")
	opts, _ = p.BeginAssertion(ctx, w, origin)
	answer, _ = key.Get(opts)
	p.clock.Advance(5 * time.Minute)
	if _, err := p.FinishAssertion(ctx, caller(), w, origin, answer); !errors.Is(err, account.ErrExpired) {
		t.Errorf("after five minutes: %v", err)
	}
	// A step-up wants the user verified, a login after a password need not.
	s = p.session(token)
	key.Verified = false
	if err := get(account.Second{Session: s}); !errors.Is(err, account.ErrWrong) {
		t.Errorf("step-up without verification: %v", err)
	}
	if err := get(p.half("ana")); err != nil {
		t.Errorf("login without verification: %v", err)
	}
	s, key.Verified = p.session(token), true
	if err := get(account.Second{Session: s}); err != nil || p.session(token).ID != s.ID {
		t.Errorf("step-up: %v", err)
	}
	// A counter that goes back is that of a copy.
	key.Counter = 2
	if err := get(p.half("ana")); !errors.Is(err, account.ErrWrong) || p.last() != "login second-factor 8" {
		t.Errorf("a copy: %v, %s", err, p.last())
	}
	f, _ := p.Factors(ctx, u.ID)
	if len(f.Passkeys) != 1 || f.Passkeys[0].Name != "blue key" {
		t.Fatalf("%+v", f)
	}
	if _, err := p.DropPasskey(ctx, caller(), p.session(token), password, "x"); !errors.As(err, &refused) {
		t.Errorf("one that is not there: %v", err)
	}
	if _, err := p.DropPasskey(ctx, caller(), p.session(token), password, f.Passkeys[0].ID); err != nil {
		t.Error(err)
	}
	if p.in("ana").Session == nil {
		t.Error("a second factor is asked for that is not there any more")
	}
	if _, err := p.BeginPasskey(ctx, s, "http://127.0.0.1:8080"); !errors.As(err, &refused) {
		t.Errorf("at an address without a name: %v", err)
	}
	if _, err := p.BeginPasskey(ctx, s, "http://localhost:8080"); err != nil {
		t.Errorf("on this machine: %v", err)
	}
}
