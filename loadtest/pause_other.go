//go:build !linux

package loadtest

import "time"

// pause pauses the goroutine, as precisely as the runtime's timers do.
func pause(d time.Duration) { <-time.After(d) }
