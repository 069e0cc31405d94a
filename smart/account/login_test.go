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
)

func TestLogin(t *testing.T) {
	ctx := context.Background()
	p := open(t)
	u := p.add("Ana.Ruiz", "practitioner", "practitioner")
	if !slices.Equal(u.Roles, []string{"practitioner"}) || u.Subject() != "user:"+u.ID {
		t.Errorf("user %+v", u)
	}
	for _, name := range []string{"Ana.Ruiz", "ana.ruiz", " ANA.RUIZ "} {
		l, err := p.Login(ctx, caller(), name, password, "")
		if err != nil {
			t.Fatalf("login as %q: %v", name, err)
		}
		s := p.session(l.Token)
		if s == nil || s.UserID != u.ID || s.User.FhirUser != "Practitioner/1" || s.ACR() != account.ACRPassword || !slices.Equal(s.AMR, []string{"pwd"}) || s.CSRF() == "" {
			t.Fatalf("session %+v", s)
		}
		if !s.AuthTime.Equal(p.clock.Now()) {
			t.Errorf("auth_time %v", s.AuthTime)
		}
	}
	if got := p.last(); got != "login login 0" {
		t.Errorf("last event %q", got)
	}
	for name, try := range map[string][2]string{
		"wrong password": {"ana.ruiz", password + "!"},
		"unknown user":   {"nobody", password},
		"empty":          {"", ""},
		"long":           {"ana.ruiz", strings.Repeat("x", 5000)},
		"a million":      {strings.Repeat("n", 1_000_000), "x"},
	} {
		if _, err := p.Login(ctx, caller(), try[0], try[1], ""); !errors.Is(err, account.ErrWrong) {
			t.Errorf("%s: %v", name, err)
		}
		if got := p.last(); got != "login password 4" {
			t.Errorf("%s: last event %q", name, got)
		}
	}
	for _, e := range p.events() {
		if e.Name == "nobody" {
			t.Error("the trail has what was typed as a username, which may be a password")
		}
	}
	if _, err := p.SetDisabled(ctx, account.System("test"), u.ID, true); err != nil {
		t.Fatal(err)
	}
	p.clock.Advance(time.Hour)
	if _, err := p.Login(ctx, caller(), "ana.ruiz", password, ""); !errors.Is(err, account.ErrWrong) {
		t.Errorf("a disabled user: %v", err)
	}
	if _, err := p.SetDisabled(ctx, account.System("test"), u.ID, false); err != nil {
		t.Fatal(err)
	}
	p.in("ana.ruiz")
}

func TestUsernames(t *testing.T) {
	ctx := context.Background()
	p := open(t)
	p.add("José") // composed
	for _, taken := range []string{"jose\u0301", "JOSÉ", "Jose\u0301"} {
		_, err := p.Add(ctx, account.System("test"), account.NewUser{Username: taken, Password: password})
		var refused *account.Refused
		if !errors.As(err, &refused) {
			t.Errorf("%q beside José: %v", taken, err)
		}
	}
	for _, bad := range []account.NewUser{
		{Username: ""}, {Username: "a b"}, {Username: "a\x00b"}, {Username: strings.Repeat("a", 65)}, {Username: "a\u202eb"}, {Username: "<a>"},
		{Username: "a", FhirUser: "Observation/1"}, {Username: "a", FhirUser: "Patient/1/2"}, {Username: "a", FhirUser: "http://x/Patient/1"},
		{Username: "a", Roles: []string{"Front Desk"}},
	} {
		bad.Password = password
		var refused *account.Refused
		if _, err := p.Add(ctx, account.System("test"), bad); !errors.As(err, &refused) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if n := race(t, 20, func() error {
		_, err := p.Add(ctx, account.System("test"), account.NewUser{Username: "one"})
		return err
	}); n != 1 {
		t.Errorf("%d users got the same name", n)
	}
	list, err := p.Users(ctx, "", 10)
	if err != nil || len(list) != 2 {
		t.Errorf("%d users, %v", len(list), err)
	}
	if _, err := p.ByUsername(ctx, "nobody"); fhir.CodeOf(err) != fhir.NotFound {
		t.Errorf("nobody: %v", err)
	}
}

// TestBackoff: failures cost time, twice as much each; a success ends it, and nothing shuts anybody out for good.
func TestBackoff(t *testing.T) {
	ctx := context.Background()
	p := open(t)
	p.add("ana")
	for _, name := range []string{"ana", "nobody"} { // the same for who is not there
		wait := time.Duration(0)
		for n := 1; n <= 9; n++ {
			p.clock.Advance(wait)
			if _, err := p.Login(ctx, caller(), name, "wrong", ""); !errors.Is(err, account.ErrWrong) {
				t.Fatalf("%s, try %d: %v", name, n, err)
			}
			wait = 0
			if n >= 5 {
				wait = time.Second << (n - 5)
				var throttled *account.Throttled
				if _, err := p.Login(ctx, caller(), name, password, ""); !errors.As(err, &throttled) || throttled.RetryAfter != wait {
					t.Fatalf("%s, after try %d: %v instead of %v", name, n, err, wait)
				}
			}
		}
	}
	p.clock.Advance(15 * time.Minute)
	p.in("ana")
	for range 4 {
		if _, err := p.Login(ctx, caller(), "ana", "wrong", ""); !errors.Is(err, account.ErrWrong) {
			t.Fatalf("after a success: %v", err)
		}
	}
}

// TestGuessTogether: a hundred guesses at once are not one.
func TestGuessTogether(t *testing.T) {
	p := open(t)
	p.add("ana")
	tried := 0
	race(t, 40, func() error {
		_, err := p.Login(context.Background(), caller(), "ana", "wrong", "")
		return err
	}, account.ErrWrong)
	for _, e := range p.events() {
		if e.Subtype == "password" {
			tried++
		}
	}
	if tried != 5 {
		t.Errorf("%d guesses were tried; 5 are free", tried)
	}
}

func TestAddressLimit(t *testing.T) {
	ctx := context.Background()
	p := open(t, func(o *account.Options) {
		o.Limits = account.DefaultLimits()
		o.Limits.FailureRate, o.Limits.FailureBurst = 0.1, 3
	})
	p.add("ana")
	spray := account.Caller{Address: "2001:db8::1"}
	for i := range 3 {
		if _, err := p.Login(ctx, spray, "user"+string(rune('a'+i)), "Winter2026!", ""); !errors.Is(err, account.ErrWrong) {
			t.Fatal(err)
		}
	}
	spray.Address = "2001:db8::ffff" // the same network
	var throttled *account.Throttled
	if _, err := p.Login(ctx, spray, "userz", "Winter2026!", ""); !errors.As(err, &throttled) || throttled.Seconds() != 10 {
		t.Fatalf("spraying: %v", err)
	}
	p.in("ana") // from elsewhere
	p.clock.Advance(11 * time.Second)
	if _, err := p.Login(ctx, spray, "ana", password, ""); err != nil {
		t.Errorf("later: %v", err)
	}
}

// TestUnknownTakesAsLong: who has no account costs a hash all the same. Without one it would be a twentieth.
func TestUnknownTakesAsLong(t *testing.T) {
	p := open(t, func(o *account.Options) {
		o.Limits = account.DefaultLimits()
		o.Limits.Free = 1000
		o.Hash = account.HashCost{} // what a server spends
	})
	p.add("ana")
	best := func(name string) time.Duration {
		least := time.Hour
		for range 9 {
			begin := time.Now()
			if _, err := p.Login(context.Background(), caller(), name, "wrong", ""); !errors.Is(err, account.ErrWrong) {
				t.Fatal(err)
			}
			least = min(least, time.Since(begin))
		}
		return least
	}
	known, unknown := best("ana"), best("nobody")
	if unknown < known/4 || known < unknown/4 {
		t.Errorf("known %v, unknown %v", known, unknown)
	}
}
