package loadtest

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// mostBlocks bounds the blocks of a phase, however long it is.
const mostBlocks = 64

// Block is a stretch of a phase. Requests that follow each other are slow together, so that
// a phase is no sample of independent requests; its blocks are nearer to one.
type Block struct {
	// From and To are its ends, from the beginning of the phase.
	From, To time.Duration
	// Accepted counts the valid events that were acknowledged in it.
	Accepted uint64
	// Latency holds the latencies of the valid events that ended in it, in µs.
	Latency *hdrhistogram.Histogram
}

// blocks collects seconds. When there are too many, each two neighbours become one.
type blocks struct {
	list []Block
	// size is how many seconds a block has, have how many the last one has.
	size, have int
}

// add adds a second that ends at a moment.
func (b *blocks) add(end time.Duration, accepted uint64, valid *hdrhistogram.Histogram) {
	b.size = max(1, b.size)
	if n := len(b.list); n > 0 && b.have < b.size {
		b.list[n-1] = join(b.list[n-1], Block{To: end, Accepted: accepted, Latency: valid})
		b.have++
		return
	}
	if len(b.list) == mostBlocks {
		for i := range mostBlocks / 2 {
			b.list[i] = join(b.list[2*i], b.list[2*i+1])
		}
		clear(b.list[mostBlocks/2:])
		b.list, b.size = b.list[:mostBlocks/2], 2*b.size
	}
	var from time.Duration
	if n := len(b.list); n > 0 {
		from = b.list[n-1].To
	}
	b.list, b.have = append(b.list, Block{from, end, accepted, valid}), 1
}

func join(a, b Block) Block {
	a.Latency.Merge(b.Latency)
	return Block{a.From, b.To, a.Accepted + b.Accepted, a.Latency}
}
