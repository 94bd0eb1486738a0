package mockclaude

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
)

// maxSignatures bounds what a redactor remembers; at that size the index takes
// some 30 MB.
const maxSignatures = 1 << 15

// macIndex finds pieces of MACs in texts: 16 or more characters in a row of the
// hex form in either case, or of the base64 form in either alphabet.
//
// Any 16 characters in a row hold one aligned block of 8 whole. So the index
// knows the blocks of 8, and a hit is widened to see how much of the MAC is
// there.
type macIndex struct {
	size   int
	macs   []mac
	next   int // where the next MAC goes, once there are size of them
	known  map[string]struct{}
	blocks map[uint64]blockRef
	// clash holds further blocks of the same 8 characters.
	clash map[uint64][]blockRef
}

// mac is one MAC in its two forms; base64 is without padding.
type mac struct {
	raw    string
	hex    []byte
	base64 []byte
	label  string
}

// blockRef says where a block is: in which MAC, in which form, at which offset.
type blockRef struct {
	mac    int32
	base64 bool
	at     uint16
}

const blockSize = window / 2

func newMACIndex(size int) macIndex {
	return macIndex{
		size: size, known: map[string]struct{}{},
		blocks: map[uint64]blockRef{}, clash: map[uint64][]blockRef{},
	}
}

// add remembers a MAC, and forgets the oldest when there are too many.
func (x *macIndex) add(raw []byte, label string) {
	m := mac{
		raw: string(raw), label: label,
		hex:    hex.AppendEncode(nil, raw),
		base64: base64.RawStdEncoding.AppendEncode(nil, raw),
	}
	if _, ok := x.known[m.raw]; ok {
		return
	}
	x.known[m.raw] = struct{}{}
	slot := x.next
	if len(x.macs) < x.size {
		slot = len(x.macs)
		x.macs = append(x.macs, m)
	} else {
		x.forget(slot)
		x.macs[slot] = m
	}
	x.next = (slot + 1) % x.size
	m.eachBlock(slot, func(key uint64, ref blockRef) {
		if _, taken := x.blocks[key]; taken {
			x.clash[key] = append(x.clash[key], ref)
			return
		}
		x.blocks[key] = ref
	})
}

// forget takes a MAC out of the index.
func (x *macIndex) forget(slot int) {
	old := x.macs[slot]
	delete(x.known, old.raw)
	old.eachBlock(slot, func(key uint64, ref blockRef) {
		if x.blocks[key] == ref {
			delete(x.blocks, key)
		}
		rest := x.clash[key]
		for i, other := range rest {
			if other == ref {
				rest = append(rest[:i], rest[i+1:]...)
				break
			}
		}
		if _, taken := x.blocks[key]; !taken && len(rest) > 0 {
			x.blocks[key], rest = rest[0], rest[1:]
		}
		if len(rest) == 0 {
			delete(x.clash, key)
		} else {
			x.clash[key] = rest
		}
	})
}

func (m mac) eachBlock(slot int, do func(uint64, blockRef)) {
	for _, in64 := range []bool{false, true} {
		form := m.form(in64)
		for at := 0; at+blockSize <= len(form); at += blockSize {
			ref := blockRef{mac: int32(slot), base64: in64, at: uint16(at)} //nolint:gosec // both are small
			do(binary.BigEndian.Uint64(form[at:]), ref)
		}
	}
}

func (m mac) form(in64 bool) []byte {
	if in64 {
		return m.base64
	}
	return m.hex
}

// find appends the spans of every MAC in a text. Where a run of hex digits
// holds a piece of one, the span is the whole run.
func (x *macIndex) find(text []byte, spans []span) []span {
	if len(x.macs) == 0 {
		return spans
	}
	spans = eachRun(text, foldHex, func(run []byte, start int) []span {
		for at := 0; at+blockSize <= len(run); at++ {
			if _, _, label, ok := x.widest(run, at, false); ok {
				return []span{{from: start, to: start + len(run), label: label}}
			}
		}
		return nil
	}, spans)
	return eachRun(text, foldBase64, func(run []byte, start int) (found []span) {
		for at := 0; at+blockSize <= len(run); at++ {
			if from, to, label, ok := x.widest(run, at, true); ok {
				for start+to < len(text) && text[start+to] == '=' {
					to++
				}
				found = append(found, span{from: start + from, to: start + to, label: label})
				at = max(at, to-blockSize)
			}
		}
		return found
	}, spans)
}

// widest finds the longest piece of a MAC around the block at run[at:].
func (x *macIndex) widest(run []byte, at int, in64 bool) (from, to int, label string, ok bool) {
	key := binary.BigEndian.Uint64(run[at:])
	ref, hit := x.blocks[key]
	if !hit {
		return 0, 0, "", false
	}
	try := func(ref blockRef) {
		if ref.base64 != in64 {
			return
		}
		m := x.macs[ref.mac]
		f, t := extend(run, m.form(in64), at, int(ref.at))
		if t-f >= window && t-f > to-from {
			from, to, label, ok = f, t, m.label, true
		}
	}
	try(ref)
	for _, other := range x.clash[key] {
		try(other)
	}
	return from, to, label, ok
}

// eachRun calls do for every run of 16 or more characters of an alphabet,
// folded to one spelling. fold returns 0 for a character outside.
func eachRun(text []byte, fold func(byte) byte, do func(run []byte, start int) []span, spans []span) []span {
	var run []byte
	for i := 0; i <= len(text); i++ {
		if i < len(text) {
			if b := fold(text[i]); b != 0 {
				run = append(run, b)
				continue
			}
		}
		if len(run) >= window {
			spans = append(spans, do(run, i-len(run))...)
		}
		run = run[:0]
	}
	return spans
}

func foldHex(b byte) byte {
	switch {
	case '0' <= b && b <= '9', 'a' <= b && b <= 'f':
		return b
	case 'A' <= b && b <= 'F':
		return b + ('a' - 'A')
	}
	return 0
}

func foldBase64(b byte) byte {
	switch {
	case '0' <= b && b <= '9', 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', b == '+', b == '/':
		return b
	case b == '-':
		return '+'
	case b == '_':
		return '/'
	}
	return 0
}
