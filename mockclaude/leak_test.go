package mockclaude

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

func TestLeaks(t *testing.T) {
	t.Parallel()
	mac := sha256.Sum256([]byte("x"))
	l := newLeaks(Keys{Current: []byte(awkwardKey), Previous: []byte("short")})
	for name, tt := range map[string]struct {
		answer string
		want   []string
	}{
		"nothing":       {"HTTP/1.1 401 Unauthorized\r\n\r\nbad signature at line 3", nil},
		"key":           {"expected " + awkwardKey, []string{LeakKey}},
		"key, escaped":  {`{"key":"whsec_a\/b+c=d\"e\\f&g<h>\u00e9 0123456789"}`, []string{LeakKey}},
		"short key":     {"too short", nil},
		"hex":           {"want " + hex.EncodeToString(mac[:]), []string{LeakSignature}},
		"HEX":           {"want " + strings.ToUpper(hex.EncodeToString(mac[:])), []string{LeakSignature}},
		"base64":        {"want " + base64.StdEncoding.EncodeToString(mac[:]), []string{LeakSignature}},
		"part":          {"want " + hex.EncodeToString(mac[:])[:60], nil},
		"python":        {"Traceback (most recent call last):\n  File", []string{LeakTrace}},
		"node":          {"Error: x\n    at verify (/app/x.js:10:3)\n", []string{LeakTrace}},
		"node, html":    {"Error: x<br> &nbsp; &nbsp;at verify (/app/x.js:10:3)<br>", []string{LeakTrace}},
		"node, json":    {`{"stack":"Error: x\n    at verify (/app/x.js:10:3)"}`, []string{LeakTrace}},
		"go":            {"panic: x\n\ngoroutine 34 [running]:\n", []string{LeakTrace}},
		"java":          {"java.lang.X: y\n\tat com.example.Hook$1.verify(Hook.java:42)\n", []string{LeakTrace}},
		"php":           {"in /x.php:3\nStack trace:\n#0 /x.php(3): y()\n", []string{LeakTrace}},
		"ruby":          {"app/hook.rb:12:in `verify'", []string{LeakTrace}},
		"net":           {"System.X: y\n   at Hook.Verify(String s) in /src/Hook.cs:line 12\n", []string{LeakTrace}},
		"plain words":   {"meet at noon (12:30:15) in goroutine land", nil},
		"key and trace": {awkwardKey + "goroutine 1 [", []string{LeakKey, LeakTrace}},
	} {
		if got := l.find([]byte(tt.answer), mac[:]); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
	if got := l.find([]byte(hex.EncodeToString(mac[:])), nil); got != nil {
		t.Errorf("an echo is a leak: %v", got)
	}
}
