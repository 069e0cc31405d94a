package account_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/account"
)

func TestSessionEnds(t *testing.T) {
	p := open(t)
	p.add("ana")
	token := p.in("ana").Token
	for range 20 { // in use: 20 × 29 minutes
		p.clock.Advance(29 * time.Minute)
		if p.session(token) == nil {
			t.Fatal("a session that is in use has ended")
		}
	}
	p.clock.Advance(31 * time.Minute)
	if p.session(token) != nil {
		t.Error("it goes on after 31 idle minutes")
	}
	token = p.in("ana").Token
	for range 12*60/20 - 1 {
		p.clock.Advance(20 * time.Minute)
		if p.session(token) == nil {
			t.Fatal("a session that is in use has ended")
		}
	}
	p.clock.Advance(20 * time.Minute)
	if p.session(token) != nil {
		t.Error("it goes on after 12 hours")
	}
}

func TestSessionTokens(t *testing.T) {
	ctx := context.Background()
	p := open(t)
	u := p.add("ana")
	l := p.in("ana")
	id, secret, _ := strings.Cut(l.Token, ".")
	if len(secret) < 43 {
		t.Errorf("a secret of %d characters", len(secret))
	}
	for _, bad := range []string{"", ".", id, id + ".", id + "." + secret[1:], "x." + secret, secret, strings.Repeat("a", 10_000)} {
		if p.session(bad) != nil {
			t.Errorf("the token %.60q is good", bad)
		}
	}
	// Nothing in the store lets its reader in.
	err := p.store.View(ctx, func(tx fhir.Tx) error {
		r, err := tx.Record(ctx, "session", id)
		if err != nil {
			return err
		}
		if r.Owner != u.ID || strings.Contains(string(r.Value), secret) || strings.Contains(string(r.Value), p.session(l.Token).CSRF()) {
			t.Errorf("record of %s: %s", r.Owner, r.Value)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// A login in the same browser ends the session before; another browser's goes on.
	other := p.in("ana").Token
	again, err := p.Login(ctx, caller(), "ana", password, l.Token)
	if err != nil {
		t.Fatal(err)
	}
	if p.session(l.Token) != nil || p.session(other) == nil || p.session(again.Token) == nil {
		t.Error("the wrong sessions have ended")
	}
	if err := p.Logout(ctx, caller(), p.session(again.Token)); err != nil {
		t.Fatal(err)
	}
	if p.session(again.Token) != nil || p.last() != "logout logout 0" {
		t.Errorf("after logout: %s", p.last())
	}
	if _, err := p.SetDisabled(ctx, account.System("test"), u.ID, true); err != nil {
		t.Fatal(err)
	}
	if p.session(other) != nil {
		t.Error("a disabled user has a session")
	}
	if _, err := p.SetDisabled(ctx, account.System("test"), u.ID, false); err != nil {
		t.Fatal(err)
	}
	if p.session(other) != nil {
		t.Error("the session came back with the user")
	}
}

func TestPasswordChange(t *testing.T) {
	ctx := context.Background()
	p := open(t)
	p.add("ana")
	here, there := p.in("ana"), p.in("ana")
	sess := p.session(here.Token)
	const next = "five other words, rather loud"
	if _, err := p.ChangePassword(ctx, caller(), sess, "wrong", next); !errors.Is(err, account.ErrWrong) {
		t.Fatalf("with a wrong password: %v", err)
	}
	for _, bad := range []string{"", "short", "fourteen chars", password, "passwordpassword", "aaaaaaaaaaaaaaaa", strings.Repeat("ab", 600), "\xff" + next} {
		var refused *account.Refused
		if _, err := p.ChangePassword(ctx, caller(), sess, password, bad); !errors.As(err, &refused) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
	token, err := p.ChangePassword(ctx, caller(), sess, password, next)
	if err != nil {
		t.Fatal(err)
	}
	if p.session(here.Token) != nil || p.session(there.Token) != nil || p.session(token) == nil {
		t.Error("only the session of the change goes on, and with another token")
	}
	if p.session(token).ID != sess.ID {
		t.Error("the session's name has changed")
	}
	if p.last() != "admin password-change 0" {
		t.Error(p.last())
	}
	if _, err := p.Login(ctx, caller(), "ana", password, ""); !errors.Is(err, account.ErrWrong) {
		t.Errorf("the old password: %v", err)
	}
	if _, err := p.Login(ctx, caller(), "ana", next, ""); err != nil {
		t.Error(err)
	}
}

func TestSetupLink(t *testing.T) {
	ctx := context.Background()
	p := open(t)
	if empty, err := p.Empty(ctx); err != nil || !empty {
		t.Fatal(empty, err)
	}
	void, err := p.FirstLink(ctx, account.System("serve"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := p.FirstLink(ctx, account.System("serve"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UseLink(ctx, caller(), void, "root", password); !errors.Is(err, account.ErrExpired) {
		t.Errorf("an older link: %v", err)
	}
	var refused *account.Refused
	if _, err := p.UseLink(ctx, caller(), token, "root", ""); !errors.As(err, &refused) {
		t.Errorf("without a password: %v", err)
	}
	names := make(chan string, 50)
	for i := range 50 {
		names <- "root" + string(rune('A'+i%26)) + string(rune('a'+i/26))
	}
	if n := race(t, 50, func() error {
		_, err := p.UseLink(ctx, account.Caller{}, token, <-names, password)
		return err
	}, account.ErrExpired); n != 1 {
		t.Fatalf("%d administrators by one link", n)
	}
	list, _ := p.Users(ctx, "", 10)
	if len(list) != 1 || list[0].Roles[0] != "admin" {
		t.Fatalf("users %+v", list)
	}
	if _, err := p.FirstLink(ctx, account.System("serve")); !errors.As(err, &refused) {
		t.Errorf("a link where there are users: %v", err)
	}
	u := p.add("ana")
	sess := p.in("ana").Token
	token, err = p.ResetLink(ctx, account.System("cli"), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Login(ctx, caller(), "ana", password, ""); !errors.Is(err, account.ErrWrong) || p.session(sess) != nil {
		t.Errorf("after a reset: %v", err)
	}
	if who, err := p.Link(ctx, token); err != nil || who.ID != u.ID {
		t.Fatal(who, err)
	}
	p.clock.Advance(24 * time.Hour)
	if _, err := p.UseLink(ctx, caller(), token, "", password); !errors.Is(err, account.ErrExpired) {
		t.Errorf("after a day: %v", err)
	}
	token, _ = p.ResetLink(ctx, account.System("cli"), u.ID)
	if _, err := p.UseLink(ctx, caller(), token, "ignored", "another set of words"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Login(ctx, caller(), "ana", "another set of words", ""); err != nil {
		t.Error(err)
	}
}

func TestIdentities(t *testing.T) {
	ctx := context.Background()
	p := open(t)
	u := p.add("ana")
	id := account.Identity{Issuer: "https://idp.example", Subject: "s1"}
	if _, err := p.LoginUpstream(ctx, caller(), account.Upstream{Identity: id}, ""); !errors.Is(err, account.ErrWrong) || p.last() != "login upstream 4" {
		t.Fatalf("not linked: %v, %s", err, p.last())
	}
	if err := p.LinkIdentity(ctx, account.System("cli"), u.ID, id); err != nil {
		t.Fatal(err)
	}
	other := p.add("ben")
	var refused *account.Refused
	if err := p.LinkIdentity(ctx, account.System("cli"), other.ID, id); !errors.As(err, &refused) {
		t.Errorf("linked twice: %v", err)
	}
	l, err := p.LoginUpstream(ctx, caller(), account.Upstream{Identity: id}, "")
	if err != nil || l.Session.UserID != u.ID || l.Session.ACR() != account.ACRPassword || l.Session.Issuer != id.Issuer {
		t.Fatalf("%+v, %v", l, err)
	}
	l, err = p.LoginUpstream(ctx, caller(), account.Upstream{Identity: id, Multi: true}, "")
	if err != nil || l.Session.ACR() != account.ACRMulti {
		t.Fatalf("%+v, %v", l, err)
	}
	// The same subject of another issuer is another person.
	stranger := account.Identity{Issuer: "https://other.example", Subject: "s1"}
	if _, err := p.LoginUpstream(ctx, caller(), account.Upstream{Identity: stranger}, ""); !errors.Is(err, account.ErrWrong) {
		t.Errorf("another issuer: %v", err)
	}
	made := account.Upstream{Identity: stranger, Make: &account.NewUser{Username: "new", Roles: []string{"nurse"}}}
	if l, err = p.LoginUpstream(ctx, caller(), made, ""); err != nil || l.Session.User.Username != "new" {
		t.Fatalf("just in time: %v", err)
	}
	made.Identity.Subject, made.Make = "s2", &account.NewUser{Username: "Ana"} // takes over nobody
	if _, err = p.LoginUpstream(ctx, caller(), made, ""); !errors.As(err, &refused) {
		t.Errorf("just in time, with a name that is taken: %v", err)
	}
}
