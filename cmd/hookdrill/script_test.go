package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs what a user types, in testdata/script. Beside testscript's
// own commands there are:
//
//	code N hookdrill …    runs it and wants exactly this exit code
//	report [DIR]          exit code, report.json and junit.xml agree with the last code
//	noreport [DIR]        no report of any kind is there
//	field NAME VALUE      a field of out/conformance/report.json
//	requests N            how many deliveries the receiver of the script has had
//	lines FILE OTHER      every line of FILE is a line of OTHER, in the same order
//
// Each script has a correct receiver of its own at $TARGET, with a probe at
// $PROBE, and the key in CLAUDE_WEBHOOK_KEY.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			rc := &receiver{}
			target, stop := rc.start()
			env.Defer(stop)
			env.Values["script"] = &script{receiver: rc}
			env.Setenv("TARGET", target)
			env.Setenv("PROBE", probeOf(target))
			env.Setenv("CLAUDE_WEBHOOK_KEY", testKey)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": cmdCode, "report": cmdReport, "noreport": cmdNoReport,
			"field": cmdField, "requests": cmdRequests, "lines": cmdLines,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// script is what the commands of one script share.
type script struct {
	receiver *receiver
	code     int
}

func of(ts *testscript.TestScript) *script {
	s, ok := ts.Value("script").(*script)
	if !ok {
		ts.Fatalf("no state")
	}
	return s
}

func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	of(ts).code = got
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func workdir(ts *testscript.TestScript, args []string) string {
	if len(args) > 0 {
		return ts.MkAbs(args[0])
	}
	return ts.MkAbs(".")
}

func cmdReport(ts *testscript.TestScript, _ bool, args []string) {
	_, err := agreed(workdir(ts, args), of(ts).code)
	ts.Check(err)
}

func cmdNoReport(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range []string{"report.json", "junit.xml", "report.html", "summary.md"} {
		if _, err := os.Stat(filepath.Join(workdir(ts, args), "out", "conformance", name)); err == nil {
			ts.Fatalf("there is a %s", name)
		}
	}
}

func cmdField(ts *testscript.TestScript, neg bool, args []string) {
	var all map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("out/conformance/report.json")), &all))
	var value any = all
	for name := range strings.SplitSeq(args[0], ".") {
		m, ok := value.(map[string]any)
		if !ok {
			ts.Fatalf("%s is not there", args[0])
		}
		value = m[name]
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	ts.Check(enc.Encode(value))
	got := strings.Trim(strings.TrimSpace(text.String()), `"`)
	if (got == args[1]) == neg {
		ts.Fatalf("%s is %s", args[0], got)
	}
}

func cmdRequests(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := of(ts).receiver.count(); (got == want) == neg {
		ts.Fatalf("%d requests came", got)
	}
}

func cmdLines(ts *testscript.TestScript, _ bool, args []string) {
	rest := strings.Split(ts.ReadFile(args[1]), "\n")
	some := strings.SplitSeq(strings.TrimSpace(ts.ReadFile(args[0])), "\n")
	for line := range some {
		for len(rest) > 0 && rest[0] != line {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			ts.Fatalf("%s has a line that %s does not have: %.200s", args[0], args[1], line)
		}
	}
}
