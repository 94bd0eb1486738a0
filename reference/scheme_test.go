package reference

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// headerOf makes a request's headers of names and values.
func headerOf(pairs ...string) http.Header {
	header := http.Header{}
	for pair := range slices.Chunk(pairs, 2) {
		header.Add(pair[0], pair[1])
	}
	return header
}

// accepts runs a contract's verification.
func (c Contract) accepts(t *testing.T, secret string, header http.Header, body string) bool {
	t.Helper()
	key, err := c.derive(secret)
	if err != nil {
		t.Fatal(err)
	}
	claimed, ok := c.claims(header)
	return ok && verify([][]byte{key}, c.encode, claimed, []byte(body))
}

// TestPublishedVectors are those of Standard Webhooks and of GitHub.
func TestPublishedVectors(t *testing.T) {
	t.Parallel()
	const (
		secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
		id     = "msg_p5jXN8AQM9LWM0D4loKWxJek"
		mac    = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	)
	for _, prefix := range []string{"webhook", "svix"} {
		for _, c := range []Contract{managedAgents(), standardWebhooksContract(), openAI(), svix()} {
			header := headerOf(prefix+"-id", id, prefix+"-timestamp", "1614265330", prefix+"-signature", mac)
			want := (c.Name == "svix") == (prefix == "svix")
			if got := c.accepts(t, secret, header, `{"test": 2432232314}`); got != want {
				t.Errorf("%s takes the vector in %s-… headers: %v, want %v", c.Name, prefix, got, want)
			}
		}
	}
	header := headerOf("X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")
	if !gitHub().accepts(t, "It's a Secret to Everybody", header, "Hello, World!") {
		t.Error("GitHub's vector is refused")
	}
	if gitHub().accepts(t, "It's a Secret to Everybody", header, "Hello, World") {
		t.Error("GitHub's vector is taken for another body")
	}
}

func rawMAC(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func TestStandardWebhooksList(t *testing.T) {
	t.Parallel()
	secret := "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	mac := rawMAC([]byte(strings.Repeat("k", 32)), "id.1.{}")
	good := base64.StdEncoding.EncodeToString(mac)
	bad := base64.StdEncoding.EncodeToString(rawMAC([]byte("other"), "id.1.{}"))
	for list, want := range map[string]bool{
		"v1," + good:                             true,
		"v1," + good + " v1," + bad:              true,
		"v1," + bad + " v1," + good:              true,
		"v1a," + bad + " v1," + good:             true,
		"v9,whatever v1," + good:                 true,
		"nocomma v1," + good:                     true,
		"v1," + bad + "  v1," + good:             true,
		" v1," + good + " ":                      true,
		", v1, v1," + good:                       true,
		strings.Repeat("x ", 500) + "v1," + good: true,
		"v0," + good:                             false,
		"v2," + good:                             false,
		"v1a," + good:                            false,
		"V1," + good:                             false,
		good:                                     false,
		"," + good:                               false,
		"v1=" + good:                             false,
		"v1,":                                    false,
		"v1":                                     false,
		"v1,v1," + good:                          false,
		"v1," + good[:43]:                        false,
		"v1," + good + "=":                       false,
		"v1," + hex.EncodeToString(mac):          false,
		"v1," + base64.URLEncoding.EncodeToString(mac) + "-_": false,
		"v1," + bad: false,
		" ":         false,
	} {
		header := headerOf("webhook-id", "id", "webhook-timestamp", "1", "webhook-signature", list)
		if got := standardWebhooksContract().accepts(t, secret, header, `{}`); got != want {
			t.Errorf("%.60q is taken: %v, want %v", list, got, want)
		}
	}
	for _, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
		header := headerOf("webhook-id", "id", "webhook-timestamp", "1", "webhook-signature", "v1,"+good)
		header.Add(name, header.Get(name))
		if _, ok := standardWebhooks("webhook")(header); ok {
			t.Errorf("%s twice: taken", name)
		}
		header.Del(name)
		if _, ok := standardWebhooks("webhook")(header); ok {
			t.Errorf("%s missing: taken", name)
		}
	}
}

func TestStripeList(t *testing.T) {
	t.Parallel()
	good, bad := hex.EncodeToString(rawMAC([]byte("whsec_k"), "1.{}")), strings.Repeat("0", 64)
	for list, want := range map[string]bool{
		"t=1,v1=" + good:                  true,
		"t=1,v1=" + bad + ",v1=" + good:   true,
		"t=1,v1=" + good + ",v1=" + bad:   true,
		"v1=" + good + ",t=1":             true,
		"t=1, v1=" + good:                 true,
		"t=1,v1=" + good + ",v0=" + bad:   true,
		"t=1,v9=x,,nothing,v1=" + good:    true,
		"t=1,v0=" + good:                  false,
		"t=1,v2=" + good:                  false,
		"t=1," + good:                     false,
		"v1=" + good:                      false,
		"t=1,t=1,v1=" + good:              false,
		"t=2,t=1,v1=" + good:              false,
		"t=1,t=2,v1=" + good:              false,
		"t=2,v1=" + good:                  false,
		"t=01,v1=" + good:                 false,
		"t=1,v1=" + good[:63]:             false,
		"t=1,v1=" + good + "0":            false,
		"t=1,v1=":                         false,
		"t=1,v1=" + strings.ToUpper(good): false,
		good:                              false,
		"=":                               false,
	} {
		if got := stripe().accepts(t, "whsec_k", headerOf("Stripe-Signature", list), `{}`); got != want {
			t.Errorf("%.60q is taken: %v, want %v", list, got, want)
		}
	}
}

func TestSlackLabel(t *testing.T) {
	t.Parallel()
	good := hex.EncodeToString(rawMAC([]byte("k"), "v0:1:{}"))
	for value, want := range map[string]bool{
		"v0=" + good: true, "v1=" + good: false, good: false, "v0=": false, "v0=" + good[:63]: false, "v0=v0=" + good: false,
		"v0=" + good + ",v0=" + good: false,
	} {
		if got := slack().accepts(t, "k", headerOf("X-Slack-Signature", value, "X-Slack-Request-Timestamp", "1"), `{}`); got != want {
			t.Errorf("%.60q is taken: %v, want %v", value, got, want)
		}
	}
	if slack().accepts(t, "k", headerOf("X-Slack-Signature", "v0="+good), `{}`) {
		t.Error("taken without a timestamp")
	}
}

// TestKeys: a wrong key ends the program with its mistake, and is not shown.
func TestKeys(t *testing.T) {
	t.Parallel()
	of := func(n int) string {
		return "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("s", n)))
	}
	for secret, want := range map[string]string{
		of(24): "", of(32): "", of(64): "",
		"":                                   "is empty",
		of(32) + "\n":                        "white space",
		strings.TrimPrefix(of(32), "whsec_"): "does not begin with whsec_",
		strings.TrimSuffix(of(32), "="):      "lacks =",
		"whsec_sssss!ssss":                   "no base64",
		"whsec_":                             "0 bytes",
		of(23):                               "23 bytes",
		of(65):                               "65 bytes",
	} {
		_, err := decodedKey(secret)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("a secret of %d characters: %v, want %q", len(secret), err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "c3Nz") || strings.Contains(err.Error(), "ssss")) {
			t.Errorf("the error shows the key: %v", err)
		}
	}
	if key, err := wholeKey("whsec_c3Nz"); string(key) != "whsec_c3Nz" || err != nil {
		t.Errorf("wholeKey = %q, %v: something was stripped", key, err)
	}
	for _, c := range contracts() {
		err := Config{Contract: c.Name, Keys: []string{"whsec_?"}, Store: struct{ Store }{}}.Validate()
		decodes := slices.Contains([]string{"claude-managed-agents", "standard-webhooks", "openai", "svix"}, c.Name)
		if (err != nil) != decodes {
			t.Errorf("%s: Validate of a key that cannot be decoded = %v", c.Name, err)
		}
	}
}

func TestUnknownContract(t *testing.T) {
	t.Parallel()
	err := Config{Contract: "strip", Keys: []string{"k"}, Store: struct{ Store }{}}.Validate()
	if err == nil || !strings.Contains(err.Error(), `"strip"`) || !strings.Contains(err.Error(), "stripe") || strings.Contains(err.Error(), "path") {
		t.Errorf("Validate = %v", err)
	}
}

// FuzzStandardWebhooks: what is taken is exactly what a plain reading of the
// specification takes.
func FuzzStandardWebhooks(f *testing.F) {
	key := []byte(strings.Repeat("k", 32))
	f.Add("id", "1", "v1, v1a,x", "{}", uint8(3))
	f.Add("a.b", "1e3", "nocomma  v1,", "", uint8(0))
	f.Add("", "", "", "", uint8(9))
	f.Fuzz(func(t *testing.T, id, stamp, list, body string, at uint8) {
		good := "v1," + base64.StdEncoding.EncodeToString(rawMAC(key, id+"."+stamp+"."+body))
		list = list[:min(int(at), len(list))] + good + list[min(int(at), len(list)):]
		header := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {stamp}, "Webhook-Signature": {list}}
		claimed, ok := standardWebhooks("webhook")(header)
		got := ok && verify([][]byte{[]byte("other"), key}, base64MAC, claimed, []byte(body))
		want := id != "" && stamp != "" && slices.Contains(strings.Split(list, " "), good)
		if got != want {
			t.Errorf("%q is taken: %v, want %v", list, got, want)
		}
		if verify([][]byte{[]byte("other")}, base64MAC, claimed, []byte(body)) {
			t.Error("taken with another key")
		}
	})
}

func FuzzStripeList(f *testing.F) {
	key := []byte("whsec_k")
	f.Add("t=1,v1=", ",v0=x", "1", "{}")
	f.Add("t=1,t=2,v1=", "", "2", "{}")
	f.Add("=,=,t", "v1=v1=", "", "")
	f.Fuzz(func(t *testing.T, before, after, stamp, body string) {
		value := before + hex.EncodeToString(rawMAC(key, stamp+"."+body)) + after
		claimed, ok := stripeList(http.Header{"Stripe-Signature": {value}})
		if !ok || !verify([][]byte{key}, hexMAC, claimed, []byte(body)) {
			return
		}
		if claimed.stamp != stamp {
			t.Errorf("%q is taken with the time %q, and %q was signed", value, claimed.stamp, stamp)
		}
		if n := strings.Count(","+strings.ReplaceAll(value, " ", ""), ",t="); n > 1 {
			t.Errorf("%q is taken with %d times", value, n)
		}
	})
}

func FuzzUnixSeconds(f *testing.F) {
	for _, text := range []string{"0", "1788264000", "1e3", "-1", "NaN", strings.Repeat("9", 30), " 1", "1 ", "0x10", "1_000", "\u0661"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := unixSeconds(text)
		digits := text != "" && len(text) <= 11
		for _, r := range text {
			digits = digits && r >= '0' && r <= '9'
		}
		if (err == nil) != digits {
			t.Fatalf("%q: %v", text, err)
		}
		if err == nil && (got.Unix() < 0 || got.Year() > 5138) {
			t.Errorf("%q was read as %v", text, got)
		}
	})
}
