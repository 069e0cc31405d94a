package bench

import (
	"sync"
	"sync/atomic"
	"time"
)

// closed lets every virtual user run one iteration after the other. A limit above 0 ends the run after so many iterations
// that count; an iteration that has begun is finished in any case, so that it can clean up behind itself.
type closed struct {
	window *window
	limit  int64
	begun  atomic.Int64
	done   *iterations
}

func (m *closed) run(users []*user, sessions []session) {
	var all sync.WaitGroup
	for i := range users {
		all.Go(func() { m.drive(users[i], sessions[i]) })
	}
	all.Wait()
}

func (m *closed) drive(u *user, s session) {
	for u.ctx.Err() == nil {
		start := time.Now()
		if m.window.over(start) {
			return
		}
		if m.limit > 0 && m.window.counts(start) && m.begun.Add(1) > m.limit {
			return
		}
		if !s.iterate(u) {
			return
		}
		if u.ctx.Err() == nil && m.window.counts(start) {
			m.done.add(time.Since(start))
		}
	}
}
