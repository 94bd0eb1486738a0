package mockclaude

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"hookdrill/contract"
)

// TestVectorOfGitHub is the vector that GitHub publishes.
func TestVectorOfGitHub(t *testing.T) {
	t.Parallel()
	s := testSigner(t, "github", Keys{Current: []byte("It's a Secret to Everybody")})
	const want = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	if got, err := s.Header("", noon(), []byte("Hello, World!")); err != nil || got != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

// TestVectorOfStandardWebhooks is the vector that the specification's libraries publish.
func TestVectorOfStandardWebhooks(t *testing.T) {
	t.Parallel()
	const want = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	for _, name := range []string{"standard-webhooks", "claude-managed-agents", "openai", "svix"} {
		s := testSigner(t, name, Keys{Current: []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")})
		got, err := s.Header("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
		if err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, want)
		}
	}
}

// testSigner is a signer of a built-in contract.
func testSigner(t testing.TB, name string, keys Keys) *Signer {
	t.Helper()
	c, err := contract.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(c, keys)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The values were made with Python's hmac, hashlib and base64.
func TestSignModes(t *testing.T) {
	t.Parallel()
	const right = "a2b2407c4874018516365006b82a9be59c11ab6f0f2044283f3125cf5afbaff6"
	s := testSender(t, "http://127.0.0.1:1", func(c *SenderConfig) {
		c.Keys = Keys{Current: []byte("whsec_c2VjcmV0"), Previous: []byte("old")}
	})
	for name, tt := range map[string]struct {
		sign  Sign
		want  string
		shown bool
	}{
		"right":         {Sign{}, right, true},
		"key":           {Sign{Mode: SignKey, Key: "changeme"}, "9ab1d7e91ec96a052a4807d7bb7ac4f5302e72a2fe7d8a31648c1168570a48bc", false},
		"empty key":     {Sign{Mode: SignKey}, "b4d6720e5dbca77f5108a6e2e9c4d0a77a732f64244bdfdf01a3ede8ff933e00", false},
		"own key":       {Sign{Mode: SignKey, Key: "whsec_c2VjcmV0"}, right, true},
		"previous":      {Sign{Mode: SignPrevious}, "c31cbb94ccc775ba21163dfea029be8b8e1583187985faeb90bb7d01a70e8ee5", true},
		"sha1":          {Sign{Mode: SignAlgorithm, Algorithm: AlgSHA1}, "322b7b55d4303cf94d5104656d6e3eb3875191bb", true},
		"md5":           {Sign{Mode: SignAlgorithm, Algorithm: AlgMD5}, "3be4632fb9e1ec5a970889002627d634", true},
		"sha512":        {Sign{Mode: SignAlgorithm, Algorithm: AlgSHA512}, "c7ac3d117fcfddb3e891e43d383f8b0a166e495b2790d16df49f8352bf836885ad57c5feb38cc20a38eeda29bcdea6dc0878f7b3a87c20c3f3ea4f53ab6ff30d", true},
		"sha512 cut":    {Sign{Mode: SignAlgorithm, Algorithm: AlgSHA512Cut}, "c7ac3d117fcfddb3e891e43d383f8b0a166e495b2790d16df49f8352bf836885", true},
		"body":          {Sign{Mode: SignAlgorithm, Algorithm: AlgBodyHash}, "185f8db32271fe25f561a6fc938b2e264306ec304eda518007d1764826381969", false},
		"key and body":  {Sign{Mode: SignAlgorithm, Algorithm: AlgKeyBodyHash}, "eff60352a426e180fa62f64170195b4e96c7fb118fd7aaf3e128642520cbc757", true},
		"base64":        {Sign{Mode: SignAlgorithm, Algorithm: AlgBase64}, "orJAfEh0AYUWNlAGuCqb5ZwRq28PIEQoPzElz1r7r/Y=", true},
		"whsec base64":  {Sign{Mode: SignAlgorithm, Algorithm: AlgWhsecBase64}, "0cc692f2177b42b6e5cd82488ee6c5d526a007c571e7de1fec07c1e2b1dfa2e2", true},
		"no prefix":     {Sign{Mode: SignAlgorithm, Algorithm: AlgNoPrefix}, "960cb6ad1ed0bcf5657ae39f2455fb1b354ca12fb97775bb7f5eeb3d5eefc0e7", true},
		"newline":       {Sign{Mode: SignAlgorithm, Algorithm: AlgNewline}, "a820ae033200e5a13ec7feb0067d2a1540b08b5685bbefc539e3fdaac752fd70", true},
		"literal":       {Sign{Mode: SignLiteral, Value: "{{repeat:4:ab}}{{hex:C3A9}}"}, "ababababé", false},
		"other":         {Sign{Mode: SignOther, Body: "Hello"}, right, true},
		"cut":           {Sign{CutSet: true, Cut: 8}, "a2b2407c", true},
		"cut to none":   {Sign{CutSet: true}, "", true},
		"all but one":   {Sign{CutSet: true, Cut: -1}, "a2b2407c4874018516365006b82a9be59c11ab6f0f2044283f3125cf5afbaff", true},
		"cut far":       {Sign{CutSet: true, Cut: -99}, "", true},
		"one more":      {Sign{Add: "0"}, right + "0", true},
		"one different": {Sign{CutSet: true, Cut: -1, Add: "x"}, "a2b2407c4874018516365006b82a9be59c11ab6f0f2044283f3125cf5afbaffx", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := "Hello"
			if tt.sign.Mode == SignOther {
				body = "Something else"
			}
			f, err := s.signature(Delivery{Sign: tt.sign}, []byte(body), noon())
			if err != nil || f == nil {
				t.Fatal(f, err)
			}
			if f.Value != tt.want {
				t.Errorf("%q, want %q", f.Value, tt.want)
			}
			if (f.shown != "") != tt.shown {
				t.Errorf("shown as %q", f.shown)
			}
		})
	}
	if f, err := s.signature(Delivery{Sign: Sign{Mode: SignNone}}, nil, noon()); f != nil || err != nil {
		t.Error(f, err)
	}
}

func TestCanSign(t *testing.T) {
	t.Parallel()
	bare := testSigner(t, "claude", Keys{Current: []byte("~plain~")})
	for _, name := range []string{AlgWhole, AlgHex + "x", AlgWhsecBase64, AlgNoPrefix, AlgTrimmed, AlgHexKey, AlgBase64Key, "rot13"} {
		err := bare.CanSign(Sign{Mode: SignAlgorithm, Algorithm: name})
		if err == nil || strings.Contains(err.Error(), "plain") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if bare.CanSign(Sign{Mode: SignPrevious}) == nil || bare.CanSign(Sign{Mode: "magic"}) == nil {
		t.Error("no previous key, or an unknown mode, is no error")
	}
	able := map[string]string{
		AlgWhsecBase64: "whsec_AAECAw==", AlgNoPrefix: "whsec_x", AlgTrimmed: " x\n", AlgHexKey: "00ff",
		AlgBase64Key: "_-8", AlgNewline: "x",
	}
	for _, name := range SignDerivations() {
		sender, key := "claude", able[name]
		if name == AlgWhole {
			sender, key = "svix", "whsec_AAECAw=="
		}
		k := testSigner(t, sender, Keys{Current: []byte(key)})
		made, err := k.one(Sign{Mode: SignAlgorithm, Algorithm: name}, []byte("b"))
		if err != nil || string(made.mac) == string(k.MAC([]byte("b"))) {
			t.Errorf("%s: %v, %s", name, err, hex.EncodeToString(made.mac))
		}
	}
	for _, name := range SignAlgorithms()[:7] {
		if err := bare.CanSign(Sign{Mode: SignAlgorithm, Algorithm: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOwnWayIsNoVariant: what a contract itself asks for is not offered as a mistake, in
// either direction.
func TestOwnWayIsNoVariant(t *testing.T) {
	t.Parallel()
	keys := Keys{Current: []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")}
	for name, tt := range map[string]struct{ own, other []string }{
		"claude":            {[]string{AlgWhole, AlgHex}, []string{AlgWhsecBase64, AlgNoPrefix, AlgBase64}},
		"stripe":            {[]string{AlgWhole, AlgHex}, []string{AlgWhsecBase64, AlgNoPrefix, AlgBase64}},
		"shopify":           {[]string{AlgWhole, AlgBase64}, []string{AlgWhsecBase64, AlgNoPrefix, AlgHex}},
		"standard-webhooks": {[]string{AlgWhsecBase64, AlgBase64}, []string{AlgWhole, AlgNoPrefix, AlgHex}},
	} {
		s := testSigner(t, name, keys)
		for _, alg := range tt.own {
			if s.CanSign(Sign{Mode: SignAlgorithm, Algorithm: alg}) == nil {
				t.Errorf("%s: its own way %s is offered as another", name, alg)
			}
		}
		for _, alg := range tt.other {
			if err := s.CanSign(Sign{Mode: SignAlgorithm, Algorithm: alg}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestKeyID(t *testing.T) {
	t.Parallel()
	k := Keys{Current: []byte("a"), Previous: []byte("b")}
	if k.ID() != "key:65ca326d" || k.PreviousID() == k.ID() {
		t.Error(k.ID(), k.PreviousID())
	}
}
