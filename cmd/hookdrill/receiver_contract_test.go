package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hookdrill/contract"
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

// TestReceiverContractsInStep: the receiver implements contracts by itself, and
// must not drift from what the data says.
func TestReceiverContractsInStep(t *testing.T) {
	t.Parallel()
	if got, want := slices.Sorted(slices.Values(reference.Contracts())), contract.Names(); !slices.Equal(got, want) {
		t.Errorf("the receiver speaks %v, contracts are %v", got, want)
	}
	for _, name := range reference.Contracts() {
		c, err := spoken(name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := contract.Load(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if c.KeyEnv != data.Key.Env || c.Path != data.Request.Path {
			t.Errorf("%s: the receiver has key %s and path %s, the contract %s and %s", name, c.KeyEnv, c.Path, data.Key.Env, data.Request.Path)
		}
		if decodes := c.CheckKey("?") != nil; decodes != (data.Key.Derivation != "whole") {
			t.Errorf("%s: the receiver decodes its key: %v; the contract says %s", name, decodes, data.Key.Derivation)
		}
	}
}

// TestReceiverFetches: what is fetched is said at start, and half an API is a
// mistake.
func TestReceiverFetches(t *testing.T) {
	t.Parallel()
	const name = "claude-managed-agents"
	env := func(more ...string) map[string]string {
		all := map[string]string{"ANTHROPIC_WEBHOOK_SIGNING_KEY": standIn}
		for pair := range slices.Chunk(more, 2) {
			all[pair[0]] = pair[1]
		}
		return all
	}
	const base, key = "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"
	r := startReceiver(t, env(), "--contract", name, "--data", t.TempDir()+"/events.db")
	if r.said["fetches"] != "nothing, because ANTHROPIC_BASE_URL is not set" {
		t.Errorf("it says %v", r.said)
	}
	r = startReceiver(t, env(base, "http://127.0.0.1:9/base", key, "sk-ant-x"), "--contract", name, "--data", t.TempDir()+"/events.db")
	if r.said["fetches"] != "from http://127.0.0.1:9/base" {
		t.Errorf("it says %v", r.said)
	}
	for _, test := range []struct {
		env  map[string]string
		want string
	}{
		{env(base, "http://127.0.0.1:9"), "ANTHROPIC_API_KEY, the key for it, is not set"},
		{env(base, "127.0.0.1:9/x", key, "sk-ant-x"), "it is no URL"},
		{env(base, "ftp://x", key, "sk-ant-x"), "api: want an http or https URL"},
		{env(base, "http://user:password@x", key, "sk-ant-x"), "api: want a URL without user"},
		{env(base, "http://x", key, "sk-ant x"), "api: has a key that holds white space"},
	} {
		var out, errs bytes.Buffer
		code := Run(t.Context(), []string{"receiver", "--contract", name, "--listen", "127.0.0.1:0"}, Streams{
			In: strings.NewReader(""), Out: &out, Err: &errs, Env: func(name string) (string, bool) { v, ok := test.env[name]; return v, ok },
		})
		if code != 2 || !strings.Contains(errs.String(), test.want) {
			t.Errorf("exit %d, want 2 and %q: %s", code, test.want, errs.String())
		}
		if strings.Contains(errs.String(), "sk-ant") || strings.Contains(errs.String(), "password") {
			t.Errorf("a secret is shown: %s", errs.String())
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
	if _, err := startBundled(t.Context(), "my-own", nil, 0, nil); err == nil || !strings.Contains(err.Error(), "no bundled receiver") {
		t.Errorf("startBundled = %v", err)
	}
}
