//go:build !unix

package loadtest

import (
	"runtime"
	"time"
)

// cpuTime is 0: it is not known here.
func cpuTime() time.Duration { return 0 }

func processors() int { return runtime.GOMAXPROCS(0) }
