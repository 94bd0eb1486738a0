package zoo

import (
	"context"
	"time"
)

// pause waits for d, or less when ctx ends; then it returns the reason.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
