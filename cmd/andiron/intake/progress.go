package intake

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress tells how far the import is: a bar on a terminal, a line every few seconds elsewhere.
type progress struct {
	out   io.Writer
	bar   *progressbar.ProgressBar // nil = lines
	tally *Tally
	total int64

	mu   sync.Mutex
	done int64
	stop chan struct{}
	wait sync.WaitGroup
}

// lineEvery is the time between two lines of progress.
const lineEvery = 5 * time.Second

func newProgress(out io.Writer, bar bool, files []file, tally *Tally) *progress {
	p := &progress{out: out, tally: tally, stop: make(chan struct{})}
	for _, f := range files {
		p.total += f.size
	}
	if bar {
		p.bar = progressbar.NewOptions64(p.total, progressbar.OptionSetWriter(out), progressbar.OptionShowBytes(true),
			progressbar.OptionSetDescription("importing"), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
		return p
	}
	p.wait.Go(p.lines)
	return p
}

func (p *progress) add(bytes int64) {
	p.mu.Lock()
	p.done += bytes
	p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Add64(bytes) // a bar that cannot be drawn is no reason to stop
	}
}

func (p *progress) lines() {
	tick := time.NewTicker(lineEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.mu.Lock()
			percent := 100 * float64(p.done) / float64(max(p.total, 1))
			p.mu.Unlock()
			fmt.Fprintf(p.out, "%3.0f %%, %d resources\n", percent, p.tally.Total().Read)
		case <-p.stop:
			return
		}
	}
}

func (p *progress) end() {
	close(p.stop)
	p.wait.Wait()
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
