package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // hookdrill signs with it on purpose, to be refused
	"crypto/sha1" //nolint:gosec // hookdrill signs with it on purpose, to be refused
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"html"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// piece is how many characters in a row of a signature are already too many.
const piece = 16

const (
	secretHeader = "Bearer sesame-opens-the-door-5318008"
	probeToken   = "probe-token-1234567890abcdef"
)

// TestSecretsStayInside runs against receivers that know every secret of the
// run, one of which says them all in every answer, and looks for them in
// everything that the run printed and wrote.
func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	const previous = "whsec_cHJldmlvdXMga2V5IG9mIHRoZSBzZWNyZXRzIHRlc3Q="
	tests := []struct {
		name   string
		before func(http.ResponseWriter, *http.Request, []byte, int) bool
	}{
		{"a receiver that says nothing", nil},
		{"a receiver that says everything", echo},
		{"a receiver that says everything and refuses everything", func(w http.ResponseWriter, r *http.Request, body []byte, n int) bool {
			echo(w, r, body, n)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}},
		{"a receiver that says everything and fails later", func(w http.ResponseWriter, r *http.Request, body []byte, n int) bool {
			echo(w, r, body, n)
			if n > 40 {
				w.WriteHeader(http.StatusInternalServerError)
			}
			return n > 40
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rc := &receiver{before: tt.before}
			// The probe says secrets too, as far as its contract lets it.
			rc.probe = func(w http.ResponseWriter, ids []string, _ int) bool {
				if tt.before == nil || rc.count() == 0 {
					return false
				}
				events := map[string]any{}
				for _, id := range ids {
					events[id] = map[string]any{"processed": 0, "status": testKey + " " + mac(testKey, rc.anyBody())}
				}
				_ = json.NewEncoder(w).Encode(map[string]any{"events": events})
				return true
			}
			target := rc.serve(t)
			dir := t.TempDir()
			log := filepath.Join(dir, "receiver.log")
			if err := os.WriteFile(log, []byte(`{"level":"info","key":"`+testKey+`","status":401}`+"\n"+testKey+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			r := runIn(t, dir, nil, []string{"PREVIOUS=" + previous}, "conformance", "--target", target+"?tenant=seven&api_key="+probeToken, "--quick", "--timeout", "1s",
				"--previous-key-env", "PREVIOUS", "--header", "Authorization: "+secretHeader, "--log", log,
				"--observe", probeOf(target)+"?token="+probeToken, "--observe-header", "X-Token: "+probeToken, "--settle", "300ms")
			if _, err := agreed(dir, r.code); err != nil {
				t.Fatalf("exit %d, %v", r.code, err)
			}
			if err := os.Remove(log); err != nil {
				t.Fatal(err)
			}
			if n := rc.count(); tt.before == nil && n < 200 {
				t.Fatalf("only %d requests came", n)
			}
			secrets := rc.secrets(testKey, previous)
			if report := read(t, r, "report.json"); !strings.Contains(report, "?tenant=seven&api_key=***") || !strings.Contains(report, "put them in again") {
				t.Error("the report does not show that a value of the target's query is masked")
			}
			texts := map[string][]byte{"stdout": []byte(r.stdout), "stderr": []byte(r.stderr)}
			files(t, dir, texts)
			if tt.before != nil && !strings.Contains(read(t, r, "wire.jsonl"), "expected [signature by key:") {
				t.Error("wire.jsonl does not show where the receiver said the signature")
			}
			for name, text := range texts {
				for _, found := range secrets.in(text) {
					t.Errorf("%s holds %s", name, found)
				}
			}
		})
	}
}

// TestSendMasksTheQuery: the receiver gets the query, and the screen does not.
func TestSendMasksTheQuery(t *testing.T) {
	t.Parallel()
	rc := &receiver{}
	r := run(t, nil, "send", "--target", rc.serve(t)+"?tenant=seven&pin_code=77&token="+probeToken)
	last, _ := rc.request()
	if r.code != 0 || last == nil || last.URL.RawQuery != "tenant=seven&pin_code=77&token="+probeToken {
		t.Fatalf("exit %d, %+v", r.code, last)
	}
	if strings.Contains(r.stdout+r.stderr, probeToken) || strings.Count(r.stdout, "?tenant=seven&pin_code=***&token=***") != 2 || !strings.Contains(r.stdout, "# put in again") {
		t.Errorf("it prints\n%s", r.stdout)
	}
}

// TestSecretsAreFound is the twin of the test above: the search finds what it
// searches for.
func TestSecretsAreFound(t *testing.T) {
	t.Parallel()
	rc := &receiver{bodies: [][]byte{[]byte(`{"id":"evt_1"}`)}}
	secrets := rc.secrets(testKey, "")
	signature := mac(testKey, rc.bodies[0])
	for name, text := range map[string]string{
		"key": "x" + testKey + "y", "key in HTML": html.EscapeString(testKey), "key in a URL": url.QueryEscape(testKey),
		"signature": signature, "piece of a signature": "a " + signature[20:36] + " b", "upper case": strings.ToUpper(signature),
		"base64": base64.StdEncoding.EncodeToString(hmacOf(sha256.New, testKey, rc.bodies[0])), "header": secretHeader, "token": probeToken,
	} {
		if len(secrets.in([]byte(text))) == 0 {
			t.Errorf("%s is not found", name)
		}
	}
	if found := secrets.in([]byte("evt_1 " + signature[:15])); len(found) > 0 {
		t.Errorf("found %q", found)
	}
}

// echo says all that the receiver knows in a header, in Location and in the
// body, in several spellings, and leaves the status to the receiver.
func echo(w http.ResponseWriter, r *http.Request, body []byte, _ int) bool {
	signature := mac(testKey, body)
	all := fmt.Sprintf("key %s, expected %s, got %s, authorization %s", testKey, signature, r.Header.Get("X-Claude-Signature"), r.Header.Get("Authorization"))
	w.Header().Set("X-Debug", all)
	w.Header().Set("Server", all)
	w.Header().Set("Location", "/?"+url.Values{"key": {testKey}, "signature": {signature}}.Encode())
	w.Header().Set("Allow", all)
	w.Header().Set("Content-Type", "text/html")
	after := []byte("<pre>" + html.EscapeString(all) + "\n" + strings.ToUpper(signature) + "\n" +
		base64.StdEncoding.EncodeToString(hmacOf(sha256.New, testKey, body)) + "\n" + hex.EncodeToString([]byte(testKey)) + "\n" +
		base64.StdEncoding.EncodeToString([]byte(testKey)) + "\n")
	quoted, _ := json.Marshal(r.Header) //nolint:errchkjson // strings always encode
	after = append(append(append(after, quoted...), '\n'), body...)
	if e, ok := w.(*echoing); ok {
		e.after = after
	}
	return false
}

// echoing is a response whose body comes behind the status that the receiver
// decides on.
type echoing struct {
	http.ResponseWriter
	after []byte
}

func (e *echoing) WriteHeader(code int) {
	e.ResponseWriter.WriteHeader(code)
	_, _ = e.ResponseWriter.Write(e.after)
}

func (e *echoing) Unwrap() http.ResponseWriter { return e.ResponseWriter }

func hmacOf(h func() hash.Hash, key string, body []byte) []byte {
	m := hmac.New(h, []byte(key))
	m.Write(body)
	return m.Sum(nil)
}

// anyBody is the first body that came.
func (rc *receiver) anyBody() []byte {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return rc.bodies[0]
}

// secretSet is everything that must not show.
type secretSet struct {
	whole  map[string]string // text to description
	pieces map[string]string
}

// secrets collects the keys, the header, and each signature that the keys make
// of each body that came, with every algorithm that hookdrill signs with.
func (rc *receiver) secrets(keys ...string) secretSet {
	s := secretSet{whole: map[string]string{}, pieces: map[string]string{}}
	maps.Copy(s.whole, map[string]string{secretHeader: "a --header", strings.TrimPrefix(secretHeader, "Bearer "): "a --header", probeToken: "a token"})
	rc.mu.Lock()
	defer rc.mu.Unlock()
	for _, key := range keys {
		if key == "" {
			continue
		}
		quoted, _ := json.Marshal(key) //nolint:errchkjson // a string always encodes
		for _, text := range []string{
			key, strings.TrimPrefix(key, "whsec_"), html.EscapeString(key), url.QueryEscape(key), strings.Trim(string(quoted), `"`),
			hex.EncodeToString([]byte(key)), base64.RawStdEncoding.EncodeToString([]byte(key)),
		} {
			s.whole[text] = "a key"
		}
		for _, body := range rc.bodies {
			for _, algorithm := range []func() hash.Hash{sha256.New, sha1.New, md5.New, sha512.New} {
				raw := hmacOf(algorithm, key, body)
				s.cut(hex.EncodeToString(raw))
				s.cut(base64.RawStdEncoding.EncodeToString(raw))
				s.cut(base64.RawURLEncoding.EncodeToString(raw))
			}
		}
	}
	return s
}

func (s secretSet) cut(signature string) {
	for i := 0; i+piece <= len(signature); i++ {
		s.pieces[signature[i:i+piece]] = signature
	}
}

// in says which secrets are in a text.
func (s secretSet) in(text []byte) []string {
	var found []string
	for secret, what := range s.whole {
		if at := bytes.Index(text, []byte(secret)); at >= 0 {
			found = append(found, fmt.Sprintf("%s: …%q", what, around(text, at)))
		}
	}
	for _, spelling := range [][]byte{text, bytes.ToLower(text)} {
		for i := 0; i+piece <= len(spelling); i++ {
			if whole, ok := s.pieces[string(spelling[i:i+piece])]; ok {
				return append(found, fmt.Sprintf("a piece of the signature %s: …%q", whole, around(text, i)))
			}
		}
	}
	return found
}

func around(text []byte, at int) []byte { return text[max(0, at-80):min(len(text), at+80)] }

// files reads every file under a folder.
func files(t *testing.T, dir string, into map[string][]byte) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		into[path], err = os.ReadFile(path) //nolint:gosec // our own folder
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(into) < 6 {
		t.Fatalf("only %d texts to search", len(into))
	}
}
