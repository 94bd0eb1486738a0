package loadtest

import (
	"testing"
	"time"
)

func TestBlocksAreBounded(t *testing.T) {
	t.Parallel()
	for _, seconds := range []int{1, 63, 64, 65, 128, 129, 600, 5000} {
		var b blocks
		for i := range seconds {
			h := newHistogram()
			put(h, time.Duration(i+1)*time.Millisecond)
			b.add(time.Duration(i+1)*time.Second, 10, h)
		}
		var accepted uint64
		var latencies int64
		end := time.Duration(0)
		for _, one := range b.list {
			if one.From != end || one.To <= one.From {
				t.Errorf("%d seconds: a block from %s to %s after one to %s", seconds, one.From, one.To, end)
			}
			end = one.To
			accepted += one.Accepted
			latencies += one.Latency.TotalCount()
		}
		if end != time.Duration(seconds)*time.Second || accepted != uint64(10*seconds) || latencies != int64(seconds) {
			t.Errorf("%d seconds: to %s, %d accepted, %d latencies", seconds, end, accepted, latencies)
		}
		if len(b.list) > mostBlocks || seconds >= mostBlocks && len(b.list) < mostBlocks/2 {
			t.Errorf("%d seconds in %d blocks", seconds, len(b.list))
		}
	}
}
