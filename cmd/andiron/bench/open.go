package bench

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// open lets iterations arrive at a fixed rate. Arrival n is due n/rate after the start, and whichever virtual user is free
// takes the next arrival and waits for its time. When none was free in time the arrival is late, and its latency has begun
// when it was due. One that is late by more than the patience of its user, or that nobody took before the window closed, is
// dropped: whoever wanted it has gone.
type open struct {
	window   *window
	start    time.Time
	rate     float64 // iterations per second
	limit    int64   // arrivals that count; 0: no limit
	patience time.Duration
	next     atomic.Int64
	counted  atomic.Int64
	late     atomic.Int64
	dropped  atomic.Int64
	done     *iterations
	pacing   pacing
}

// pacing tells how late this process woke up for arrivals that a user was waiting for: an error of the generator, not of the
// server, which the latencies contain.
type pacing struct {
	mu  sync.Mutex
	lag *hdrhistogram.Histogram
}

func (p *pacing) add(lag time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	recordLatency(p.lag, lag)
}

func (m *open) run(users []*user, sessions []session) error {
	var all sync.WaitGroup
	pacers := make([]*pacer, len(users))
	for i := range users {
		p, err := newPacer()
		if err != nil {
			return err
		}
		defer p.close()
		pacers[i] = p
	}
	for i := range users {
		all.Go(func() { m.drive(users[i], sessions[i], pacers[i]) })
	}
	all.Wait()
	return nil
}

func (m *open) drive(u *user, s session, p *pacer) {
	for u.ctx.Err() == nil {
		due := m.start.Add(time.Duration(float64(m.next.Add(1)-1) / m.rate * float64(time.Second)))
		if m.window.over(due) {
			return
		}
		counts := m.window.counts(due)
		if counts && m.limit > 0 && m.counted.Add(1) > m.limit {
			return
		}
		now := time.Now()
		if now.Before(due) {
			p.wait(u.ctx, due.Sub(now))
			if u.ctx.Err() != nil {
				return
			}
			if counts {
				m.pacing.add(time.Since(due))
			}
		} else if counts {
			if now.Sub(due) > m.patience || m.window.over(now) {
				m.dropped.Add(1)
				continue
			}
			m.late.Add(1)
		}
		u.due = due
		s.iterate(u)
		u.due = time.Time{}
		if counts && u.ctx.Err() == nil {
			m.done.add(time.Since(due))
		}
	}
}
