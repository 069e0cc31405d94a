package bench

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// iterations counts finished iterations and how long each took, from its first request, or from when that was due, to the end.
type iterations struct {
	mu      sync.Mutex
	latency *hdrhistogram.Histogram
}

func (i *iterations) add(took time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	recordLatency(i.latency, took)
}
