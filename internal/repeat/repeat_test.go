package repeat

import (
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"hookdrill/contract"
	"hookdrill/internal/plan"
	"hookdrill/internal/testtool"
	"hookdrill/mockclaude"
)

func claude(t testing.TB) *contract.Contract {
	t.Helper()
	c, err := contract.Load("claude")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func parse(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestCommand(t *testing.T) {
	t.Parallel()
	target := parse(t, "http://127.0.0.1:8080/hook?a=1&b='2'")
	withSteps := &plan.Case{ID: "SIG-02/no signature", Steps: []plan.Step{{}}}
	need := func(id string, need contract.Need, reads ...string) plan.Check {
		return plan.Check{Requirement: contract.Requirement{ID: id, Need: need}, Reads: reads}
	}
	tests := []struct {
		name  string
		run   Run
		check plan.Check
		one   *plan.Case
		want  string
	}{
		{
			"a case of its own",
			Run{Target: target, KeyEnv: "KEY", Seed: 7},
			need("SIG-02", contract.NeedWire), withSteps,
			`hookdrill conformance --target 'http://127.0.0.1:8080/hook?a=1&b='\''2'\''' --key-env KEY --only 'SIG-02/no signature' --seed 7`,
		},
		{
			"a check without exchanges",
			Run{Target: target, KeyFile: "my key", Seed: 7},
			need("TLS-01", contract.NeedWire), &plan.Case{ID: "TLS-01/x"},
			`hookdrill conformance --target 'http://127.0.0.1:8080/hook?a=1&b='\''2'\''' --key-file 'my key' --only TLS-01 --seed 7`,
		},
		{
			"effects need fresh ids",
			Run{Target: target, Extra: []string{"--observe http://p/"}, Seed: 7},
			need("IDEM-01", contract.NeedObserved), nil,
			`hookdrill conformance --target 'http://127.0.0.1:8080/hook?a=1&b='\''2'\''' --observe http://p/ --only IDEM-01`,
		},
		{
			"the whole run was read",
			Run{Target: target, Seed: 7},
			need("SIG-13", contract.NeedWire, "*"), nil,
			`hookdrill conformance --target 'http://127.0.0.1:8080/hook?a=1&b='\''2'\''' --only SIG-13`,
		},
		{"bundled", Run{Target: target, Bundled: true, Seed: 7}, need("SIG-02", contract.NeedWire), withSteps, `hookdrill conformance --only 'SIG-02/no signature'`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.run.Command(tt.check, tt.one); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	t.Run("whole", func(t *testing.T) {
		t.Parallel()
		got := Run{Target: target, KeyEnv: "KEY", Seed: 7}.Whole([]string{"--only SIG", "--strict"})
		if want := `hookdrill conformance --target 'http://127.0.0.1:8080/hook?a=1&b='\''2'\''' --key-env KEY --only SIG --strict --seed 7`; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
	t.Run("whole, observed", func(t *testing.T) {
		t.Parallel()
		got := Run{Target: target, KeyEnv: "KEY", Seed: 7, Observed: true}.Whole(nil)
		if strings.Contains(got, "--seed") {
			t.Errorf("the target has seen the events of seed 7: %s", got)
		}
	})
}

// TestCurlRefuses: where curl or the shell would send something else there is
// no command.
func TestCurlRefuses(t *testing.T) {
	t.Parallel()
	ordinary := mockclaude.Delivery{Body: `{"timestamp":"{{stamp}}"}`}
	with := func(change func(*mockclaude.Delivery)) mockclaude.Delivery {
		d := ordinary
		change(&d)
		return d
	}
	tests := []struct {
		name string
		d    mockclaude.Delivery
		want bool
	}{
		{"ordinary", ordinary, true},
		{"NUL", with(func(d *mockclaude.Delivery) { d.Body = "a\x00b" }), false},
		{"NUL after signing", with(func(d *mockclaude.Delivery) { d.After = []mockclaude.Change{{Op: "append", Text: "\x00"}} }), false},
		{"invalid UTF-8", with(func(d *mockclaude.Delivery) { d.Body = "{{hex ff}}" }), false},
		{"large", with(func(d *mockclaude.Delivery) { d.Body = strings.Repeat("x", maxCurl+1) }), false},
		{"timestamp in another format", with(func(d *mockclaude.Delivery) { d.Stamp.Format = "nanos" }), false},
		{"signature in the query", with(func(d *mockclaude.Delivery) { d.Query = "signature={{signature}}" }), false},
		{"header names in another case", with(func(d *mockclaude.Delivery) { d.HeaderCase = "upper" }), false},
		{"literal with a command in it", with(func(d *mockclaude.Delivery) {
			d.Sign = mockclaude.Sign{Mode: mockclaude.SignLiteral, Value: "$(id)"}
		}), false},
		{"key with a command in it", with(func(d *mockclaude.Delivery) {
			d.Sign = mockclaude.Sign{Mode: mockclaude.SignKey, Key: "`id`"}
		}), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := Run{Target: parse(t, "http://127.0.0.1:1/"), Contract: claude(t)}
			if got := r.Curl(plan.Delivery{Delivery: tt.d}, time.Now()); (got != "") != tt.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"plain", "http://a.b:1/c-d_e%20+@=", "http://a.b:1/c-d_e%20+@="},
		{"empty", "", "''"},
		{"space", "a b", "'a b'"},
		{"quote", "it's", `'it'\''s'`},
		{"command", "$(id)`id`", "'$(id)`id`'"},
		{"line", "a\nb", "'a\nb'"},
		{"unicode", "ä", "'ä'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Quote(tt.in); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// FuzzQuote asks a shell what it makes of a quoted word.
func FuzzQuote(f *testing.F) {
	testtool.Need(f, "sh")
	for _, word := range []string{"", "plain", "it's", "''", `\`, `"$HOME" $(id) !!`, "a\nb\n", "-n", "~", "*", "ä😀", "\xff"} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		if strings.Contains(word, "\x00") {
			return // no shell holds a NUL
		}
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf '%s.' "+Quote(word)).Output()
		if err != nil || string(out) != word+"." {
			t.Errorf("%q becomes %q, %v", word, out, err)
		}
	})
}
