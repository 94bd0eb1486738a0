package mockclaude

import (
	"bytes"
	"encoding/hex"
	"html"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// plain is a text with its escapes undone, and where each byte came from: the
// byte i of text stands for raw[from[i]:to[i]].
type plain struct {
	text     []byte
	from, to []int32
}

// unescape undoes what a target does to a text that it repeats: percent
// encoding, the escapes of JSON and of most languages' string literals, HTML
// entities. It undoes one layer. ok is false when there is nothing to undo.
func unescape(raw []byte) (p plain, ok bool) {
	if !bytes.ContainsAny(raw, `%\&`) {
		return plain{}, false
	}
	p.text = make([]byte, 0, len(raw))
	p.from = make([]int32, 0, len(raw))
	p.to = make([]int32, 0, len(raw))
	for i := 0; i < len(raw); {
		value, length := raw[i:i+1], 1
		if v, n := escapeAt(raw[i:]); n > 0 {
			value, length, ok = v, n, true
		}
		for _, b := range value {
			p.text = append(p.text, b)
			p.from = append(p.from, int32(i))
			p.to = append(p.to, int32(i+length)) //nolint:gosec // as above
		}
		i += length
	}
	return p, ok
}

// escapeAt reads one escape at the start of a text: what it stands for, and its
// length, 0 when there is none.
func escapeAt(raw []byte) (value []byte, length int) {
	switch raw[0] {
	case '%':
		return hexAt(raw, 1, 2)
	case '\\':
		return backslashAt(raw)
	case '&':
		end := bytes.IndexByte(raw[:min(len(raw), 10)], ';')
		if end < 2 {
			return nil, 0
		}
		entity := string(raw[:end+1])
		if text := html.UnescapeString(entity); text != entity {
			return []byte(text), end + 1
		}
	}
	return nil, 0
}

func backslashAt(raw []byte) (value []byte, length int) {
	if len(raw) < 2 {
		return nil, 0
	}
	switch raw[1] {
	case '/', '"', '\\', '\'':
		return raw[1:2], 2
	case 'n':
		return []byte("\n"), 2
	case 'r':
		return []byte("\r"), 2
	case 't':
		return []byte("\t"), 2
	case 'x':
		return hexAt(raw, 2, 2)
	case 'u':
		r, n := unicodeAt(raw)
		if n == 0 {
			return nil, 0
		}
		if utf16.IsSurrogate(r) {
			if low, m := unicodeAt(raw[n:]); m > 0 {
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					return utf8.AppendRune(nil, pair), n + m
				}
			}
		}
		return utf8.AppendRune(nil, r), n
	}
	return nil, 0
}

// hexAt reads digits hex digits that start at skip, as one byte.
func hexAt(raw []byte, skip, digits int) (value []byte, length int) {
	if len(raw) < skip+digits {
		return nil, 0
	}
	value, err := hex.DecodeString(string(raw[skip : skip+digits]))
	if err != nil {
		return nil, 0
	}
	return value, skip + digits
}

// unicodeAt reads \uXXXX.
func unicodeAt(raw []byte) (r rune, length int) {
	const size = 6
	if len(raw) < size || raw[0] != '\\' || raw[1] != 'u' {
		return 0, 0
	}
	n, err := strconv.ParseUint(string(raw[2:size]), 16, 16)
	if err != nil {
		return 0, 0
	}
	return rune(n), size
}
