package vectors

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"
)

// strict judges a vector by the words of its file alone. It shares nothing with what made it.
// It returns what was signed as well, as far as it got.
func strict(how How, v Vector) (accepted bool, signed []byte) {
	body, err := base64.StdEncoding.DecodeString(v.Body)
	if err != nil {
		return false, nil
	}
	value, ok := only(v, how.Header)
	if !ok {
		return false, nil
	}
	id, stamp := "", ""
	if how.IDHeader != "" {
		if id, ok = only(v, how.IDHeader); !ok || id == "" {
			return false, nil
		}
	}
	if how.TimestampHeader != "" {
		if stamp, ok = only(v, how.TimestampHeader); !ok || stamp == "" {
			return false, nil
		}
	}
	var macs []string
	switch {
	case strings.HasPrefix(how.Format, "t="):
		for part := range strings.SplitSeq(value, ",") {
			switch name, text, _ := strings.Cut(part, "="); {
			case name == "t" && stamp != "":
				return false, nil
			case name == "t":
				stamp = text
			case name == "v1":
				macs = append(macs, text)
			}
		}
	case how.Several != "":
		for part := range strings.SplitSeq(value, " ") {
			if text, ok := strings.CutPrefix(part, "v1,"); ok {
				macs = append(macs, text)
			}
		}
	default:
		if text, ok := strings.CutPrefix(value, strings.TrimSuffix(how.Format, "{mac}")); ok {
			macs = []string{text}
		}
	}
	before, after, _ := strings.Cut(how.Signed, "{body}")
	fill := strings.NewReplacer("{id}", id, "{timestamp}", stamp).Replace
	signed = []byte(fill(before) + string(body) + fill(after))

	key := []byte(v.Key)
	if how.KeyDerivation == "base64" {
		rest, ok := strings.CutPrefix(v.Key, how.KeyPrefix)
		if key, err = base64.StdEncoding.DecodeString(rest); err != nil || !ok {
			return false, signed
		}
	}
	if len(key) == 0 || !fresh(how, v, stamp, body) {
		return false, signed
	}
	m := hmac.New(sha256.New, key)
	m.Write(signed)
	want := hex.EncodeToString(m.Sum(nil))
	if how.Encoding == "base64" {
		want = base64.StdEncoding.EncodeToString(m.Sum(nil))
	}
	for _, got := range macs {
		if hmac.Equal([]byte(got), []byte(want)) {
			return v.MAC == "" || v.MAC == want, signed
		}
	}
	return false, signed
}

func only(v Vector, name string) (value string, ok bool) {
	n := 0
	for _, h := range v.Headers {
		if strings.EqualFold(h[0], name) {
			value, n = h[1], n+1
		}
	}
	return value, n == 1
}

func fresh(how How, v Vector, stamp string, body []byte) bool {
	var at time.Time
	switch how.Freshness {
	case "none":
		return true
	case "body":
		var event struct{ Timestamp time.Time }
		if json.Unmarshal(body, &event) != nil || event.Timestamp.IsZero() {
			return false
		}
		at = event.Timestamp
	default:
		seconds, err := strconv.ParseUint(stamp, 10, 40)
		if err != nil {
			return false
		}
		at = time.Unix(int64(seconds), 0)
	}
	age := time.Unix(v.Now, 0).Sub(at)
	limit := time.Duration(how.Tolerance) * time.Second
	return age <= limit && (how.Direction == "past" || age >= -limit)
}

// TestEveryVectorIsJudgedRight by a verifier of its own, and so is what was signed.
func TestEveryVectorIsJudgedRight(t *testing.T) {
	t.Parallel()
	for _, f := range read(t) {
		for _, v := range f.Tests {
			accepted, signed := strict(f.How, v)
			if v.Result == Valid && !accepted || v.Result == Invalid && accepted {
				t.Errorf("%s, %d, %s: accepted is %v, and it is %s\n%v", f.Scheme, v.ID, v.Comment, accepted, v.Result, v.Headers)
			}
			if v.Signed != nil && signed != nil && *v.Signed != base64.StdEncoding.EncodeToString(signed) {
				t.Errorf("%s, %d, %s: signed is %q", f.Scheme, v.ID, v.Comment, signed)
			}
			if v.Result == Valid && (v.Signed == nil || v.MAC == "") {
				t.Errorf("%s, %d, %s: it does not say what is signed", f.Scheme, v.ID, v.Comment)
			}
		}
	}
}

// TestNoVectorIsAtTheEdge of the tolerance, where a verifier may round.
func TestNoVectorIsAtTheEdge(t *testing.T) {
	t.Parallel()
	for _, f := range read(t) {
		for _, v := range f.Tests {
			for _, tolerance := range []int{290, 310} {
				how := f.How
				how.Tolerance = tolerance
				if got, _ := strict(how, v); f.How.Freshness != "none" && v.Result != Acceptable && got != (v.Result == Valid) {
					t.Errorf("%s, %d, %s: with %d s accepted is %v", f.Scheme, v.ID, v.Comment, tolerance, got)
				}
			}
		}
	}
}
