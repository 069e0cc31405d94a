package account_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/search"
	"andiron.dev/smart/account"
	"andiron.dev/smart/audit"
)

// clock is a clock that tests move.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) Now() time.Time          { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) Advance(d time.Duration) { c.at.Add(int64(d)) }

// vault is a sealer that a test can look through: it binds what a text is about, and hides nothing.
type vault struct{}

func (vault) Seal(plain, about []byte) ([]byte, error) {
	return []byte(string(about) + "\x00" + string(plain)), nil
}

func (vault) Open(sealed, about []byte) ([]byte, error) {
	n := len(about) + 1
	if len(sealed) < n || string(sealed[:n]) != string(about)+"\x00" {
		return nil, errors.New("sealed for another place")
	}
	return sealed[n:], nil
}

// place is a store with accounts.
type place struct {
	*account.Accounts
	t     testing.TB
	clock *clock
	store fhir.Store
}

func open(t testing.TB, change ...func(*account.Options)) *place {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	c := newClock()
	st := chosen.Open(t, sqlite.Options{Dir: t.TempDir(), Params: search.NewParams(spec, nil), Now: c.Now, Unsafe: true})
	t.Cleanup(func() { _ = st.Close() })
	o := account.Options{Store: st, Now: c.Now, Vault: vault{}, Hash: account.HashCost{Memory: 64, Time: 1, Lanes: 1}}
	for _, f := range change {
		f(&o)
	}
	a, err := account.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return &place{a, t, c, st}
}

const password = "four random quiet words"

func (p *place) add(name string, roles ...string) *account.User {
	p.t.Helper()
	u, err := p.Add(context.Background(), account.System("test"), account.NewUser{Username: name, Password: password, FhirUser: "Practitioner/1", Roles: roles})
	if err != nil {
		p.t.Fatal(err)
	}
	return u
}

func caller() account.Caller { return account.Caller{Address: "192.0.2.1", RequestID: "r1"} }

// in logs a user in who has one factor.
func (p *place) in(name string) *account.Login {
	p.t.Helper()
	l, err := p.Login(context.Background(), caller(), name, password, "")
	if err != nil {
		p.t.Fatal(err)
	}
	return l
}

func (p *place) session(token string) *account.Session {
	p.t.Helper()
	s, err := p.Session(context.Background(), token)
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

// events reads the audit trail.
func (p *place) events() (list []*audit.Event) {
	p.t.Helper()
	entries, err := p.store.Entries(context.Background(), fhir.JournalQuery{Max: 1000})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, e := range entries {
		event, err := audit.Decode(e)
		if err != nil {
			p.t.Fatal(err)
		}
		list = append(list, event)
	}
	return list
}

// last is the newest event, in short.
func (p *place) last() string {
	p.t.Helper()
	list := p.events()
	if len(list) == 0 {
		return ""
	}
	e := list[len(list)-1]
	return fmt.Sprintf("%s %s %d", e.Kind, e.Subtype, e.Outcome)
}

// race runs fn many times at once and says how often it succeeded. Failures other than those that are expected fail the test.
func race(t *testing.T, times int, fn func() error, expected ...error) int {
	t.Helper()
	var wins atomic.Int64
	var wg sync.WaitGroup
	start := make(chan struct{})
	for range times {
		wg.Go(func() {
			<-start
			err := fn()
			if err == nil {
				wins.Add(1)
				return
			}
			var throttled *account.Throttled
			var refused *account.Refused
			ok := errors.As(err, &throttled) || errors.As(err, &refused)
			for _, e := range expected {
				ok = ok || errors.Is(err, e)
			}
			if !ok {
				t.Errorf("unexpected: %v", err)
			}
		})
	}
	close(start)
	wg.Wait()
	return int(wins.Load())
}
