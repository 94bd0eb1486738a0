package mockclaude

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"
)

func TestInflated(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte("expected " + strings.Repeat("ab", 32))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	answer := func(encoding string) http.Header {
		return http.Header{"Content-Encoding": {encoding}}
	}
	if got := string(inflated(answer("GZIP"), packed.Bytes())); !strings.Contains(got, "expected abab") {
		t.Errorf("inflated() = %q", got)
	}
	for name, got := range map[string][]byte{
		"plain": inflated(answer(""), packed.Bytes()), "no gzip": inflated(answer("gzip"), []byte("text")), "no answer": inflated(nil, nil),
	} {
		if got != nil {
			t.Errorf("%s: inflated() = %q, want nothing", name, got)
		}
	}
}
