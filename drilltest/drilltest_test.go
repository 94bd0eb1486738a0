package drilltest_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"hookdrill/drilltest"
	"hookdrill/reference"
	"hookdrill/reference/sqlitestore"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/onsi/ginkgo/v2/internal/interrupt_handler.(*InterruptHandler).registerForInterrupts.func2"))
}

const key = "whsec_drilltest"

// receiver is the reference receiver, and what it did.
func receiver(t *testing.T) (http.Handler, *sqlitestore.Store) {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "events.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	handler, err := reference.NewHandler(reference.Config{Keys: []string{key}, Store: store, Probe: true})
	if err != nil {
		t.Fatal(err)
	}
	return handler, store
}

// counts lets a store say how often events took effect.
func counts(t *testing.T, store *sqlitestore.Store) func([]string) map[string]int {
	t.Helper()
	return func(ids []string) map[string]int {
		counts := map[string]int{}
		for len(ids) > 0 {
			n := min(len(ids), 100)
			found, err := store.Effects(t.Context(), ids[:n])
			if err != nil {
				panic(err)
			}
			for id, effect := range found {
				counts[id] = effect.Processed
			}
			ids = ids[n:]
		}
		return counts
	}
}

// kind answers 200 to whatever its receiver refuses.
func kind(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		inner.ServeHTTP(answer, r)
		if answer.Code == http.StatusUnauthorized {
			answer.Code = http.StatusOK
		}
		w.WriteHeader(answer.Code)
		_, _ = answer.Body.WriteTo(w)
	})
}

// TestCorrect: several runs in one process pass, each with a handler of its own.
func TestCorrect(t *testing.T) {
	t.Parallel()
	t.Run("by a function", func(t *testing.T) {
		t.Parallel()
		handler, store := receiver(t)
		drilltest.Run(t, handler, drilltest.Key(key), drilltest.Observe(counts(t, store)), drilltest.Only("SIG", "PAY", "IDEM", "LED"),
			drilltest.Skip("SIG-16", "SIG-20", "SIG-21", "SIG-22", "IDEM-10"), // which do not apply here, and would be skipped tests
			drilltest.Quick(), drilltest.Strict())
	})
	t.Run("by its probe", func(t *testing.T) {
		t.Parallel()
		handler, _ := receiver(t)
		drilltest.Run(t, handler, drilltest.Key(key), drilltest.ObserveURL("/probe", "Authorization: Bearer t"),
			drilltest.Only("IDEM-01", "IDEM-02", "RTY"), drilltest.Seed(7))
	})
	t.Run("at another path", func(t *testing.T) {
		t.Parallel()
		handler, _ := receiver(t)
		moved := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/hooks" {
				http.NotFound(w, r)
				return
			}
			r.URL.Path = "/webhooks/claude"
			handler.ServeHTTP(w, r)
		})
		drilltest.Run(t, moved, drilltest.Key(key), drilltest.Path("/hooks"), drilltest.Contract("claude"), drilltest.Only("SIG-01"))
	})
}

// judged are tests that are to fail, or to skip; each is run in a process of its own.
func judged() map[string]func(t *testing.T) {
	key := drilltest.Key(key)
	return map[string]func(t *testing.T){
		"forged": func(t *testing.T) {
			handler, store := receiver(t)
			drilltest.Run(t, kind(handler), key, drilltest.Observe(counts(t, store)), drilltest.Only("SIG-01", "SIG-03", "SIG-15", "IDEM-01", "DUR-01"), drilltest.Seed(3))
		},
		"advice": func(t *testing.T) {
			handler, _ := receiver(t)
			drilltest.Run(t, postOnly(handler), key, drilltest.Only("SIG-01", "HTTP-05"))
		},
		"strictly": func(t *testing.T) {
			handler, _ := receiver(t)
			drilltest.Run(t, postOnly(handler), key, drilltest.Only("SIG-01", "HTTP-05"), drilltest.Strict())
		},
		"twice": func(t *testing.T) {
			handler, store := receiver(t)
			once := counts(t, store)
			twice := drilltest.Observe(func(ids []string) map[string]int {
				counts := once(ids)
				for id := range counts {
					counts[id] *= 2
				}
				return counts
			})
			drilltest.Run(t, handler, key, twice, drilltest.Only("IDEM-01"))
		},
		"unseen": func(t *testing.T) {
			handler, _ := receiver(t)
			drilltest.Run(t, handler, key, drilltest.Only("IDEM-02", "SIG-01"))
		},
		"other key": func(t *testing.T) {
			handler, _ := receiver(t)
			drilltest.Run(t, handler, drilltest.Key("whsec_another"))
		},
		"no key":     func(t *testing.T) { drilltest.Run(t, http.NotFoundHandler()) },
		"no such id": func(t *testing.T) { drilltest.Run(t, http.NotFoundHandler(), key, drilltest.Only("SIG-99")) },
		"no path":    func(t *testing.T) { drilltest.Run(t, http.NotFoundHandler(), key, drilltest.Path("hooks")) },
		"no handler": func(t *testing.T) { drilltest.Run(t, nil, key) },
		"blind": func(t *testing.T) {
			handler, _ := receiver(t)
			drilltest.Run(t, handler, key, drilltest.Observe(func([]string) map[string]int { panic("no table") }))
		},
		"known": func(t *testing.T) {
			handler, _ := receiver(t)
			file := filepath.Join(t.TempDir(), "baseline.yaml")
			list := "known:\n  - {id: SIG-02, reason: the proxy does it, expires: 2999-12-31}\n  - {id: RAW-01, reason: was broken, expires: 2999-12-31}\n"
			if err := os.WriteFile(file, []byte(list), 0o600); err != nil {
				t.Fatal(err)
			}
			drilltest.Run(t, kind(handler), key, drilltest.Baseline(file), drilltest.Only("SIG-02", "RAW-01"))
		},
		"two observers": func(t *testing.T) {
			drilltest.Run(t, http.NotFoundHandler(), key, drilltest.ObserveURL("/probe"), drilltest.Observe(func([]string) map[string]int { return nil }))
		},
	}
}

// postOnly answers 404 to every method but POST.
func postOnly(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			http.NotFound(w, r)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// TestJudged is the test that TestOutcomes runs.
func TestJudged(t *testing.T) {
	if name := os.Getenv("DRILLTEST_JUDGED"); name != "" {
		judged()[name](t)
	}
}

// TestOutcomes: what a user sees of each of these tests.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		fails        bool
		says, silent []string
	}{
		"forged": {true, []string{
			"--- FAIL: TestJudged/SIG-03", "--- PASS: TestJudged/SIG-01", "--- PASS: TestJudged/IDEM-01",
			"--- SKIP: TestJudged/DUR-01", "needs a receiver that hookdrill itself starts", "X-Claude-Signature",
			"drilltest.Seed(3)", `drilltest.Only("SIG-03/random")`, "HTTP/1.1 200 OK", "advice, which fails nothing",
		}, []string{"--- FAIL: TestJudged/SIG-15", key, "curl "}},
		"advice":        {false, []string{"--- PASS: TestJudged/HTTP-05", "405"}, []string{"FAIL"}},
		"strictly":      {true, []string{"--- FAIL: TestJudged/HTTP-05"}, nil},
		"twice":         {true, []string{"--- FAIL: TestJudged/IDEM-01", "took effect 2 times"}, nil},
		"unseen":        {false, []string{"--- SKIP: TestJudged/IDEM-02", "not observed: ", "--- PASS: TestJudged/SIG-01"}, []string{"--- PASS: TestJudged/IDEM-02"}},
		"other key":     {true, []string{"nothing was judged"}, []string{"TestJudged/"}},
		"no key":        {true, []string{"drilltest: key: is missing"}, []string{"TestJudged/"}},
		"no such id":    {true, []string{"SIG-99"}, []string{"TestJudged/"}},
		"no path":       {true, []string{`want a path from /, have "hooks"`}, nil},
		"no handler":    {true, []string{"handler is nil"}, nil},
		"blind":         {true, []string{"the function panicked: no table"}, nil},
		"known":         {true, []string{"--- SKIP: TestJudged/SIG-02", "known fail", "--- FAIL: TestJudged/RAW-01", "stale baseline"}, nil},
		"two observers": {true, []string{"are both given"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestJudged$", "-test.v") //nolint:gosec // itself
			cmd.Env = append(os.Environ(), "DRILLTEST_JUDGED="+name)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if failed := errors.As(err, &exit); failed != want.fails || err != nil && !failed {
				t.Errorf("the test ended with %v", err)
			}
			for _, text := range want.says {
				if !strings.Contains(string(out), text) {
					t.Errorf("it does not say %q", text)
				}
			}
			for _, text := range want.silent {
				if strings.Contains(string(out), text) {
					t.Errorf("it says %q", text)
				}
			}
			if t.Failed() {
				t.Logf("%s", out)
			}
		})
	}
}
