//go:build !unix

package bench

import "time"

// cpuTime is 0 here: what the generator itself takes is not reported.
func cpuTime() time.Duration { return 0 }
