package bench

import (
	"sync/atomic"
	"time"
)

// window is the part of a run that counts: requests that were due, or sent, from its beginning to before its end.
type window struct {
	from  time.Time
	until time.Time    // zero: the run ends by itself
	last  atomic.Int64 // end of the last request that counts, nanoseconds after from
}

func newWindow(start time.Time, warmup, duration time.Duration) *window {
	w := &window{from: start.Add(warmup)}
	if duration > 0 {
		w.until = w.from.Add(duration)
	}
	return w
}

// counts reports whether a request that was due or sent at that time counts.
func (w *window) counts(start time.Time) bool {
	return !start.Before(w.from) && !w.over(start)
}

// over reports whether nothing that begins at that time counts any more.
func (w *window) over(at time.Time) bool {
	return !w.until.IsZero() && !at.Before(w.until)
}

// ended notes the end of a request that counts.
func (w *window) ended(at time.Time) {
	nanos := int64(at.Sub(w.from))
	for {
		last := w.last.Load()
		if nanos <= last || w.last.CompareAndSwap(last, nanos) {
			return
		}
	}
}

// elapsed is the time that throughput is reckoned by: to the end of the window, or of the last request where that is later.
// A run that was broken off ends with its last request.
func (w *window) elapsed(broken bool) time.Duration {
	last := time.Duration(w.last.Load())
	if w.until.IsZero() || broken {
		return last
	}
	return max(last, w.until.Sub(w.from))
}
