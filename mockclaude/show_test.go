package mockclaude

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestShowURL(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, raw, want string }{
		{"no query", "http://a/token=x", "http://a/token=x"},
		{"harmless", "http://a/?tenant=7&x", "http://a/?tenant=7&x"},
		{"token", "http://a/?tenant=7&token=abc&z=1", "http://a/?tenant=7&token=***&z=1"},
		{"any case, inside a word", "https://a/h?X_Api-Key=abc", "https://a/h?X_Api-Key=***"},
		{"an escaped name", "https://a/h?t%6Fken=abc", "https://a/h?t%6Fken=***"},
		{"each of the words", "?atoken=1&bsecret=2&ckey=3&dsig=4&epassword=5&fauth=6&gcode=7", "?atoken=***&bsecret=***&ckey=***&dsig=***&epassword=***&fauth=***&gcode=***"},
		{"with = inside", "http://a/?sig=YWJj==", "http://a/?sig=***"},
		{"empty", "http://a/?token=", "http://a/?token="},
		{"no URL", "%zz?code=1#code=2", "%zz?code=***#code=2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := ShowURL(tt.raw); got != tt.want {
				t.Errorf("ShowURL(%q) = %q, want %q", tt.raw, got, tt.want)
			}
		})
	}
}

// TestQueryIsSecret: the target gets the query as it is, and no record shows
// its secrets, short ones in the request and long ones wherever they come back.
func TestQueryIsSecret(t *testing.T) {
	t.Parallel()
	const long = "open sesame+door"
	query := "tenant=seven&pin_code=77&token=" + url.QueryEscape(long)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != query {
			t.Errorf("the query arrived as %q", r.URL.RawQuery)
		}
		w.Header().Set("Location", "/?again="+r.URL.Query().Get("token"))
		_, _ = io.WriteString(w, "you said "+r.URL.Query().Get("token")+" and "+r.URL.RawQuery)
	}))
	t.Cleanup(server.Close)
	both(t, func(t *testing.T, shape Shape) {
		s := testSender(t, server.URL+"/hook?"+query)
		d := testDelivery(t)
		d.Shape = shape
		e := send(t, s, d)
		if e.Status != http.StatusOK || !strings.Contains(e.Request, "POST /hook?tenant=seven&pin_code=***&token=*** HTTP/1.1") {
			t.Errorf("%d, %s", e.Status, e.Request)
		}
		for _, text := range []string{e.Request, e.Response, e.Location} {
			if strings.Contains(text, "sesame") {
				t.Errorf("a record shows the token: %s", text)
			}
		}
	})
}
