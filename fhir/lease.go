package fhir

import (
	"context"
	"time"
)

// Lease says who does something, and until when nobody else does it. It is kept as a record's value.
type Lease struct {
	Holder string    `json:"holder"`
	Until  time.Time `json:"until"`
}

// Left is how long a lease is in force; 0 = it is over. One that ends later than any of this length could was taken under another clock, and is not in force.
func (l Lease) Left(now time.Time, length time.Duration) time.Duration {
	if left := l.Until.Sub(now); left <= length {
		return max(left, 0)
	}
	return 0
}

// Leader is a process that would do for all on a store what need not be done by each of them. That saves work and nothing else: what must not be done twice
// has to be kept from it by what it writes. All fields are required.
type Leader struct {
	Store  Store // as whoever may keep records
	Kind   string
	Key    string // the record that holds the lease
	Name   string // of the process: no other has it
	Length time.Duration
	Now    func() time.Time
}

// Leads takes or keeps the lease, and reports whether this process has it. With force it takes it from whoever has it. Most often nothing is written: the lease
// is renewed when less than half of it is left.
func (l *Leader) Leads(ctx context.Context, force bool) (mine bool, err error) {
	now := l.Now()
	settled := false
	err = l.Store.View(ctx, func(tx Tx) error {
		found, err := l.read(ctx, tx)
		mine = found.Holder == l.Name
		left := found.Left(now, l.Length)
		settled = mine && left > l.Length/2 || !mine && !force && left > 0
		return err
	})
	if err != nil || settled {
		return mine, err
	}
	err = l.Store.Update(ctx, []string{l.Kind + ":" + l.Key}, func(tx Tx) error {
		found, err := l.read(ctx, tx)
		if mine = found.Holder == l.Name || force || found.Left(now, l.Length) == 0; err != nil || !mine {
			return err
		}
		return KeepValue(ctx, tx, Record{Kind: l.Kind, Key: l.Key}, Lease{l.Name, now.Add(l.Length)})
	})
	return mine, err
}

func (l *Leader) read(ctx context.Context, in RecordReader) (found Lease, err error) {
	_, err = RecordValue(ctx, in, l.Kind, l.Key, &found)
	return found, err
}
