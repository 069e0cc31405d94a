package fhir_test

import (
	"context"
	"testing"
	"time"

	"andiron.dev/fhir"
)

func TestLeaseLeft(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		until, want time.Duration
	}{
		{-time.Second, 0}, {0, 0}, {time.Second, time.Second}, {time.Minute, time.Minute}, {time.Minute + 1, 0}, {24 * time.Hour, 0},
	} {
		if got := (fhir.Lease{Holder: "a", Until: now.Add(c.until)}).Left(now, time.Minute); got != c.want {
			t.Errorf("a lease that ends in %v has %v left, want %v", c.until, got, c.want)
		}
	}
	if got := (fhir.Lease{}).Left(now, time.Minute); got != 0 {
		t.Errorf("no lease has %v left", got)
	}
}

// election is what two processes on a store do about one lease of a minute.
type election struct {
	t     *testing.T
	store fhir.Store
	now   time.Time
}

// leads has a process ask for the lease.
func (e *election) leads(name string, force, want bool) {
	e.t.Helper()
	l := fhir.Leader{Store: e.store, Kind: "sweeping", Key: "lease", Name: name, Length: time.Minute, Now: func() time.Time { return e.now }}
	if got, err := l.Leads(context.Background(), force); err != nil || got != want {
		e.t.Errorf("%s leads: %v (%v), want %v", name, got, err, want)
	}
}

// held looks who holds the lease, and since when.
func (e *election) held(name string, since time.Time) {
	e.t.Helper()
	var l fhir.Lease
	err := e.store.View(context.Background(), func(tx fhir.Tx) error {
		_, err := fhir.RecordValue(context.Background(), tx, "sweeping", "lease", &l)
		return err
	})
	if err != nil || l.Holder != name || !l.Until.Equal(since.Add(time.Minute)) {
		e.t.Errorf("the lease is %+v (%v), want that of %s since %v", l, err, name, since)
	}
}

func TestLeader(t *testing.T) {
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	e := &election{t: t, store: store(t), now: begin}
	e.leads("a", false, true)
	e.leads("b", false, false)
	e.held("a", begin)

	// While more than half is left, nothing is written.
	e.now = begin.Add(29 * time.Second)
	e.leads("a", false, true)
	e.held("a", begin)
	renewed := begin.Add(30 * time.Second)
	e.now = renewed
	e.leads("b", false, false)
	e.held("a", begin)
	e.leads("a", false, true)
	e.held("a", renewed)

	// What has ended is anybody's.
	e.now = renewed.Add(time.Minute)
	e.leads("b", false, true)
	e.held("b", e.now)
	e.leads("a", false, false)

	// So is what was taken under another clock.
	e.now = begin.Add(-24 * time.Hour)
	e.leads("a", false, true)
	e.held("a", e.now)
}

func TestLeaderByForce(t *testing.T) {
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	e := &election{t: t, store: store(t), now: begin}
	e.leads("a", true, true)
	e.now = begin.Add(time.Second)
	e.leads("b", true, true)
	e.held("b", e.now)
	e.leads("a", false, false)

	// Who has it writes nothing, with force or without.
	taken := e.now
	e.now = taken.Add(time.Second)
	e.leads("b", true, true)
	e.held("b", taken)
}
