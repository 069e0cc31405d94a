package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// heapRoom is what may be allocated between two garbage collections, in bytes.
const heapRoom = 24 << 20

// pace keeps the garbage collector from running all the time on a small heap: it lets room bytes be allocated between two
// collections, or as much as is live, whichever is more. Go's own rule is the latter alone; for a server that lives in 10 MB
// it costs a sixth of the processor. GOGC, where it is set, stands.
func pace(room uint64) {
	if os.Getenv("GOGC") != "" {
		return
	}
	pacer := &pacer{room: room, percent: 100, live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}}
	pacer.afterCollection(&sentinel{})
}

// sentinel is garbage: its finalizer runs after each collection.
type sentinel struct{ _ *int }

type pacer struct {
	room    uint64
	percent int
	live    []metrics.Sample
}

func (p *pacer) afterCollection(s *sentinel) {
	metrics.Read(p.live)
	live := max(p.live[0].Value.Uint64(), 1<<20)
	if percent := int(max(100, p.room*100/live)); percent > p.percent*9/8 || percent < p.percent*7/8 {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
	runtime.SetFinalizer(s, p.afterCollection)
}
