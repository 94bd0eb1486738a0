package reference

import "sync/atomic"

// slots counts what is under way and says no above a limit. Nobody waits: at
// the limit a quick no, which the sender repeats later, beats a place in a
// queue whose end comes after the sender's timeout.
type slots struct {
	limit int64
	taken atomic.Int64
}

// take takes a slot if there is one. Who got true must give it back.
func (s *slots) take() bool {
	if s.taken.Add(1) <= s.limit {
		return true
	}
	s.taken.Add(-1)
	return false
}

func (s *slots) give() { s.taken.Add(-1) }

// used is how many slots are taken.
func (s *slots) used() int64 { return min(s.taken.Load(), s.limit) } // take adds before it looks
