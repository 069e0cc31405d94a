package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// logWriter gathers log lines and writes them a few times a second, so that a request does not wait for a system call, nor
// for whoever reads the log: when that one is too slow, lines are dropped, counted, and the count is logged.
type logWriter struct {
	out  io.Writer
	wake chan struct{} // holds one token when there is something to write soon
	stop chan struct{}
	done chan struct{}
	once sync.Once

	mu      sync.Mutex
	lines   []byte
	dropped int
	writing sync.Mutex
}

const (
	logDelay = 100 * time.Millisecond // how late a line may be
	logSoon  = 64 << 10               // bytes that are written at once
	logMost  = 4 << 20                // bytes that wait at most
)

func newLogWriter(out io.Writer) *logWriter {
	w := &logWriter{out: out, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	go w.run()
	return w
}

// Write takes one line. It never blocks on the reader of the log and never fails.
func (w *logWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	if len(w.lines)+len(line) > logMost {
		w.dropped++
	} else {
		w.lines = append(w.lines, line...)
	}
	soon := len(w.lines) >= logSoon
	w.mu.Unlock()
	if soon {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
	return len(line), nil
}

func (w *logWriter) run() {
	defer close(w.done)
	tick := time.NewTicker(logDelay)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-w.wake:
		case <-w.stop:
			w.Flush()
			return
		}
		w.Flush()
	}
}

// Flush writes what is waiting.
func (w *logWriter) Flush() {
	w.writing.Lock()
	defer w.writing.Unlock()
	w.mu.Lock()
	lines, dropped := w.lines, w.dropped
	w.lines, w.dropped = nil, 0
	w.mu.Unlock()
	if dropped > 0 {
		lines = fmt.Appendf(lines, `{"time":%q,"level":"WARN","msg":"log lines dropped","count":%d}`+"\n", time.Now().Format(time.RFC3339Nano), dropped)
	}
	if len(lines) > 0 {
		_, _ = w.out.Write(lines) // there is nowhere to report it
	}
}

// Close writes the rest.
func (w *logWriter) Close() {
	w.once.Do(func() { close(w.stop) })
	<-w.done
}
