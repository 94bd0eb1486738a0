package mockclaude

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// window is how many consecutive characters of a signature, or of a long
// secret, are already too many to show.
const window = 16

// Redactor takes keys, and signatures made with them, out of texts. It knows
// the keys of a run, the secrets it was told of, and every signature that the
// run has made. It is safe for concurrent use.
//
// It keeps the newest 32 768 signatures. What it forgets is a signature over an
// event that has long been too old to be replayed.
type Redactor struct {
	mu      sync.RWMutex
	secrets []secret
	macs    macIndex
}

// secret is one text that must not be shown, in one of its spellings.
type secret struct {
	text  []byte
	label string
}

// span is a part of a text and what is shown in its place.
type span struct {
	from, to int
	label    string
}

// newRedactor makes a redactor that knows keys.
func newRedactor(keys Keys) *Redactor {
	r := &Redactor{macs: newMACIndex(maxSignatures)}
	for _, form := range forms(keys.Current) {
		r.AddSecret(string(form), "["+keys.ID()+"]")
	}
	for _, form := range forms(keys.Previous) {
		r.AddSecret(string(form), "["+keys.PreviousID()+"]")
	}
	return r
}

// AddSecret makes [Redactor.Text] replace a value by a label, also where the
// value is escaped for a URL, for JSON or for HTML, or encoded in hex or
// base64. Of a value of 16 bytes or more, any 16 in a row are replaced too. An
// empty value is ignored.
func (r *Redactor) AddSecret(value, label string) {
	if value == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, text := range spellings(value) {
		known := slices.ContainsFunc(r.secrets, func(s secret) bool { return string(s.text) == text })
		if !known {
			r.secrets = append(r.secrets, secret{text: []byte(text), label: label})
		}
	}
}

// spellings are the ways to write a value that undoing escapes one by one does
// not find.
func spellings(value string) []string {
	list := []string{value, url.QueryEscape(value)}
	if quoted, err := json.Marshal(value); err == nil {
		list = append(list, string(quoted[1:len(quoted)-1]))
	}
	if len(value) >= window/2 { // a shorter one would be found by chance
		raw := []byte(value)
		list = append(list,
			hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)),
			base64.RawStdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw))
	}
	return list
}

// addSignature makes Text replace a MAC, in hex or base64, by a label that
// names the key.
func (r *Redactor) addSignature(mac []byte, by string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.macs.add(mac, "[signature by "+by+"]")
}

// Text returns s with every secret replaced by its label.
func (r *Redactor) Text(s string) string {
	out, _ := r.redact([]byte(s), false, math.MaxInt)
	return string(out)
}

// redact replaces every secret in raw and stops after about limit bytes; done
// is how many bytes of raw the result stands for. When cut is true, raw is the
// beginning of a longer text: then its last bytes, which may be the beginning
// of a secret, are left out.
func (r *Redactor) redact(raw []byte, cut bool, limit int) (out []byte, done int) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	spans := r.find(raw, nil)
	if p, ok := unescape(raw); ok {
		for _, s := range r.find(p.text, nil) {
			spans = append(spans, span{from: int(p.from[s.from]), to: int(p.to[s.to-1]), label: s.label})
		}
	}
	end := len(raw)
	if cut {
		end = max(0, end-r.longest())
	}
	return replace(raw[:end], merge(spans), limit)
}

// longest is the length of the longest text that redact looks for, escapes
// included.
func (r *Redactor) longest() int {
	const widest = 6 // \u0041 for one byte
	longest := 2 * 64 * widest
	for _, s := range r.secrets {
		longest = max(longest, widest*len(s.text))
	}
	return longest
}

// find appends the spans of every secret and signature in a text.
func (r *Redactor) find(text []byte, spans []span) []span {
	for _, s := range r.secrets {
		spans = s.find(text, spans)
	}
	return r.macs.find(text, spans)
}

// find looks for a secret: a long one also in pieces. Any window of it holds
// one of its blocks of half a window whole, so it is enough to look for those.
func (s secret) find(text []byte, spans []span) []span {
	if len(s.text) < window {
		for at := 0; ; at += len(s.text) {
			i := bytes.Index(text[at:], s.text)
			if i < 0 {
				return spans
			}
			at += i
			spans = append(spans, span{from: at, to: at + len(s.text), label: s.label})
		}
	}
	for block := 0; block+window/2 <= len(s.text); block += window / 2 {
		for at := 0; ; {
			i := bytes.Index(text[at:], s.text[block:block+window/2])
			if i < 0 {
				break
			}
			at += i
			from, to := extend(text, s.text, at, block)
			if to-from >= window {
				spans = append(spans, span{from: from, to: to, label: s.label})
				at = max(at+1, to-window/2)
			} else {
				at++
			}
		}
	}
	return spans
}

// extend widens a match of half a window at text[at:] and secret[block:].
func extend(text, secret []byte, at, block int) (from, to int) {
	from, to = at, at+window/2
	for i := block; from > 0 && i > 0 && text[from-1] == secret[i-1]; i-- {
		from--
	}
	for i := block + window/2; to < len(text) && i < len(secret) && text[to] == secret[i]; i++ {
		to++
	}
	return from, to
}

// merge sorts spans and joins those that overlap.
func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to))
	})
	merged := spans[:0]
	for _, s := range spans {
		if n := len(merged); n > 0 && s.from < merged[n-1].to {
			merged[n-1].to = max(merged[n-1].to, s.to)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// replace writes raw with its spans replaced, until it has limit bytes.
func replace(raw []byte, spans []span, limit int) (out []byte, done int) {
	for _, s := range spans {
		if s.from >= len(raw) || len(out) >= limit {
			break
		}
		out = append(out, raw[done:max(done, s.from)]...)
		out = append(out, s.label...)
		done = s.to
	}
	if len(out) < limit && done < len(raw) {
		out = append(out, raw[done:]...)
		done = len(raw)
	}
	return out, done
}
