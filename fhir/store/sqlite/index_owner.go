package sqlite

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// leaseTime is how long a job stays with the process that has done the last step of it. Two processes at one job do each other no
// harm, the second one's steps are void, but it is work for nothing.
const leaseTime = 5 * time.Second

// newOwner makes a name for this store in this process.
func newOwner() string {
	return strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(time.Now().UnixNano(), 36)
}

// leased reports whether another process is at a job: its lease has not ended, and it has not died in between.
func (s *Store) leased(job *indexJob) bool {
	if job.owner == s.owner || job.lease <= millis() {
		return false
	}
	text, _, _ := strings.Cut(job.owner, "-")
	pid, err := strconv.Atoi(text)
	if err != nil {
		return false
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, syscall.ESRCH)
}
