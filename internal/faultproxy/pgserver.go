package faultproxy

import "encoding/binary"

// server follows what PostgreSQL answers, just enough to see that it has done all that it was
// asked.
type server struct {
	head []byte // of the message that has begun
	rest int    // what is to come of it
}

// ready reports whether data ends a message that says so (ReadyForQuery).
func (s *server) ready(data []byte) (seen bool) {
	for len(data) > 0 {
		if s.rest > 0 {
			n := min(s.rest, len(data))
			s.rest -= n
			data = data[n:]
			continue
		}
		n := min(5-len(s.head), len(data))
		s.head = append(s.head, data[:n]...)
		data = data[n:]
		if len(s.head) < 5 {
			return seen
		}
		seen = seen || s.head[0] == 'Z'
		s.rest = max(0, int(binary.BigEndian.Uint32(s.head[1:]))-4)
		s.head = s.head[:0]
	}
	return seen
}
