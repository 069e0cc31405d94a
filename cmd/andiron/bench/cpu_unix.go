//go:build unix

package bench

import (
	"syscall"
	"time"
)

// cpuTime is the processor time this process has taken, in user and kernel; 0 where it cannot be told.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
