package bench

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pacer waits until the moment an arrival is due. Go's timers wake an idle process up to a millisecond late, which is more
// than a read takes; a timer of the kernel, waited for like a socket, wakes it within about a tenth of one.
type pacer struct {
	timer *os.File
	fd    int
	ticks [8]byte
}

func newPacer() (*pacer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("no timer for a virtual user (%w): lower --vus or raise the limit of open files (ulimit -n)", err)
	}
	return &pacer{timer: os.NewFile(uintptr(fd), "timerfd"), fd: fd}, nil
}

func (p *pacer) close() { _ = p.timer.Close() }

// wait waits for that long, or until ctx ends.
func (p *pacer) wait(ctx context.Context, d time.Duration) {
	const glance = 50 * time.Millisecond // how often a long wait looks at ctx
	for end := time.Now().Add(d); d > 0 && ctx.Err() == nil; d = time.Until(end) {
		spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(min(d, glance)))}
		if err := unix.TimerfdSettime(p.fd, 0, &spec, nil); err != nil {
			pause(ctx, d)
			return
		}
		if _, err := p.timer.Read(p.ticks[:]); err != nil {
			pause(ctx, time.Until(end))
			return
		}
	}
}
