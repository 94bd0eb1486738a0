package mockclaude

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"hookdrill/contract"
)

// acmeVerifies is a receiver of the made-up sender, written from its description alone.
func acmeVerifies(key string, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(key, "acme_"))
	if err != nil {
		return err
	}
	parts := regexp.MustCompile(`^ts=(\d{13});sig=([^;]+)$`).FindStringSubmatch(r.Header.Get("X-Acme-Signature"))
	if parts == nil {
		return fmt.Errorf("the header is %q", r.Header.Get("X-Acme-Signature"))
	}
	m := hmac.New(sha256.New, raw)
	fmt.Fprintf(m, "%s|%s|%s", parts[1], r.Header.Get("X-Acme-Message"), body)
	if base64.StdEncoding.EncodeToString(m.Sum(nil)) != parts[2] {
		return fmt.Errorf("the signature %s is wrong", parts[2])
	}
	if !regexp.MustCompile(`^m-[1-9]\d{19}$`).MatchString(r.Header.Get("X-Acme-Message")) {
		return fmt.Errorf("the id is %q", r.Header.Get("X-Acme-Message"))
	}
	want := regexp.MustCompile(`^{"meta":{"kind":"thing\.(made|lost)","at":` + parts[1] + `},"thing":{"ref":"obj_\w{24}",`)
	if !want.Match(body) || !strings.HasPrefix(r.Header.Get("X-Acme-Topic"), "acme/thing.") {
		return fmt.Errorf("the body of %s is %s", r.Header.Get("X-Acme-Topic"), body)
	}
	return nil
}

// TestContractFromYAMLAlone: a sender that is not in the list needs a file, and no Go.
func TestContractFromYAMLAlone(t *testing.T) {
	t.Parallel()
	c := load(t, "testdata/acme.yaml")
	if len(c.Types) != 2 || c.Types[0].Name != "thing.lost" || len(c.Types[0].Samples) != 2 || c.NotApplicable("RPL-02") == "" {
		t.Fatalf("the contract is %+v", c)
	}
	const key = "acme_000102030405060708090a0b0c0d0e0f"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := acmeVerifies(key, r); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
		}
	}))
	defer server.Close()
	s := testSender(t, server.URL, func(cfg *SenderConfig) { cfg.Contract, cfg.Keys = c, Keys{Current: []byte(key)} })
	rng := rand.New(rand.NewPCG(1, 1))
	for _, typ := range c.Types {
		e, err := NewEvent(c, typ.Name, rng)
		if err != nil {
			t.Fatal(err)
		}
		valid := Delivery{EventID: e.ID, Type: e.Type, TaskID: e.TaskID, Body: e.Template(c)}
		if x := send(t, s, valid); x.Status != http.StatusOK {
			t.Errorf("%s: %s", typ.Name, x.Response)
		}
		for _, algorithm := range SignAlgorithms() {
			forged := valid
			forged.Sign = Sign{Mode: SignAlgorithm, Algorithm: algorithm}
			if s.Signer().CanSign(forged.Sign) != nil {
				continue
			}
			if x := send(t, s, forged); x.Status != http.StatusUnauthorized {
				t.Errorf("%s, %s: %d", typ.Name, algorithm, x.Status)
			}
		}
	}
	m, err := NewMint(c, Keys{Current: []byte(key)}, NewSpace(c, rng), 1)
	if err != nil {
		t.Fatal(err)
	}
	for n := range uint64(20) {
		for _, forged := range []bool{false, true} {
			body, fields := m.Make(n, noon(), forged)
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body)))
			for _, f := range fields {
				r.Header.Set(f.Name, string(f.Value))
			}
			if err := acmeVerifies(key, r); (err == nil) == forged {
				t.Errorf("%d, forged %v: %v", n, forged, err)
			}
		}
	}
}

func TestDeriveKeyRefuses(t *testing.T) {
	t.Parallel()
	for _, k := range []contract.Key{{Derivation: contract.KeyBase64, Prefix: "whsec_"}, {Derivation: contract.KeyHex, Prefix: "acme_"}} {
		for _, secret := range []string{"~secret~", "", k.Prefix, k.Prefix + "~*~secret"} {
			if _, err := DeriveKey(k, []byte(secret)); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s of %q: %v", k.Derivation, secret, err)
			}
		}
	}
}
