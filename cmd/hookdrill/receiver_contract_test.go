package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"hookdrill/reference"
)

// TestReceiverContract: the contract brings its path, its key's variable and its
// way to verify.
func TestReceiverContract(t *testing.T) {
	t.Parallel()
	r := startReceiver(t, map[string]string{"STRIPE_WEBHOOK_SECRET": testKey}, "--contract", "stripe", "--data", t.TempDir()+"/events.db")
	if !strings.HasSuffix(r.said["webhooks"], "/webhooks/stripe") || r.said["contract"] != "stripe" {
		t.Fatalf("it says %v", r.said)
	}
	body := `{"id":"evt_1","type":"invoice.paid","created":1,"data":{"object":{"id":"in_1"}}}`
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(testKey))
	mac.Write([]byte(stamp + "." + body))
	for signature, want := range map[string]int{
		"t=" + stamp + ",v1=" + hex.EncodeToString(mac.Sum(nil)): http.StatusOK,
		"t=" + stamp + ",v1=00":                                  http.StatusUnauthorized,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.said["webhooks"], strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Stripe-Signature", signature)
		resp, err := r.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("status = %d, want %d", resp.StatusCode, want)
		}
	}
}

// TestReceiverContractMistakes: a contract or key that cannot be right ends the
// program before it listens.
func TestReceiverContractMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		env  map[string]string
		want []string
	}{
		{[]string{"--contract", "strip"}, nil, []string{`did you mean "stripe"?`}},
		{[]string{"--contract", "paypal"}, nil, []string{"it speaks claude, claude-managed-agents,"}},
		{[]string{"--contract", "svix"}, nil, []string{"SVIX_WEBHOOK_SECRET", "not set"}},
		{
			[]string{"--contract", "openai", "--tolerance", "1h", "--retention", "1h"},
			map[string]string{"OPENAI_WEBHOOK_SECRET": "whsec_c2hvcnQ="},
			[]string{"the current signing key of openai holds 5 bytes", "retention:"},
		},
		{
			[]string{"--contract", "claude-managed-agents", "--previous-key-env", "OLD"},
			map[string]string{"ANTHROPIC_WEBHOOK_SIGNING_KEY": standIn, "OLD": "c2VjcmV0LW9sZA=="},
			[]string{"the previous signing key of claude-managed-agents does not begin with whsec_"},
		},
	} {
		var out, errs bytes.Buffer
		code := Run(t.Context(), append([]string{"receiver", "--listen", "127.0.0.1:0"}, test.args...), Streams{
			In: strings.NewReader(""), Out: &out, Err: &errs, Env: func(name string) (string, bool) { v, ok := test.env[name]; return v, ok },
		})
		if code != 2 {
			t.Errorf("%v: exit %d, want 2", test.args, code)
		}
		for _, want := range test.want {
			if !strings.Contains(errs.String(), want) {
				t.Errorf("%v: %q is not said in:\n%s", test.args, want, errs.String())
			}
		}
		for _, secret := range test.env {
			if strings.Contains(errs.String(), strings.TrimPrefix(secret, "whsec_")) {
				t.Errorf("%v: the error shows the key", test.args)
			}
		}
	}
}

// TestBundledKeys: the keys that hookdrill makes are good for every contract.
func TestBundledKeys(t *testing.T) {
	t.Parallel()
	for _, name := range reference.Contracts() {
		c, err := spoken(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.CheckKey(string(makeKey())); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := startBundled(t.Context(), "my-own", 0, nil); err == nil || !strings.Contains(err.Error(), "no bundled receiver") {
		t.Errorf("startBundled = %v", err)
	}
}
