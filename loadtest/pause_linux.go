package loadtest

import (
	"time"

	"golang.org/x/sys/unix"
)

// pause pauses the thread, more precisely than the runtime's timers do.
func pause(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&ts, nil) // whoever calls looks at the clock
}
