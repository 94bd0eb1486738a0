package reports_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hookdrill/reports"
)

// golden compares got with testdata/name, or writes it there under -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (write it with: go test ./reports -update)", err)
	}
	if bytes.Equal(want, got) {
		return
	}
	w, g := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	for i := range max(len(w), len(g)) {
		if i >= len(w) || i >= len(g) || w[i] != g[i] {
			t.Fatalf("%s differs at line %d\n got: %s\nwant: %s\n(if that is right: go test ./reports -update)",
				path, i+1, at(g, i), at(w, i))
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}

const receiver = "http://127.0.0.1:8080/webhooks/claude"

// sample is a report as rich as a real one: every status, every level, long
// lists and several cases.
func sample() *reports.Report {
	r := &reports.Report{
		Schema: reports.Schema, Tool: reports.Tool{Name: "hookdrill", Version: "0.1.0"},
		Command: "conformance", Contract: "claude", Level: "observed", Seed: 20260214,
		Started: time.Date(2026, 2, 14, 9, 30, 0, 0, time.UTC), DurationMS: 83_420,
		Target:   reports.Target{URL: receiver, Server: "gunicorn/22.0"},
		Verdict:  reports.Nonconformant,
		Sentence: "3 of 22 checks failed: anybody who can reach this endpoint can forge events.",
		Assumptions: []string{
			"The contract leaves the tolerance of timestamps open; 300 s was assumed.",
			"The target is on loopback, so TLS was not looked at.",
		},
		Observers: []reports.Observer{
			{Kind: "probe", Source: "http://127.0.0.1:8080/_observe", Trusted: true},
			{Kind: "sql", Source: "postgres://app@127.0.0.1/app", Why: "it counted 2 effects where the probe counted 1"},
		},
		Unlock: []reports.Unlock{
			{What: "Whether acknowledged events survive a crash", How: "--exec './receiver'", Checks: []string{"DUR-01", "DUR-02"}},
			{What: "Whether the log holds the key", How: "--log receiver.log", Checks: []string{"OBS-01"}},
		},
		Families: []reports.FamilyTime{
			{Family: "SIG", DurationMS: 2310, Requests: 412},
			{Family: "RAW", DurationMS: 890, Requests: 96},
			{Family: "IDEM", DurationMS: 14_200, Requests: 1263},
			{Family: "RPL", DurationMS: 640, Requests: 58},
			{Family: "TIME", DurationMS: 61_020, Requests: 400},
			{Family: "DUR", DurationMS: 0, Requests: 0},
		},
		Repeat: "hookdrill conformance --target " + receiver + " --contract claude --key-env CLAUDE_WEBHOOK_KEY --seed 20260214",
	}
	r.Checks = append(failingChecks(), unprovedChecks()...)
	r.Checks = append(r.Checks, passingChecks()...)
	r.Counts = map[reports.Status]int{}
	for _, c := range r.Checks {
		r.Counts[c.Status]++
	}
	r.ExitCode = reports.ExitCode(r)
	return r
}

func exchange(role, signature, answer string) reports.Exchange {
	at := time.Date(2026, 2, 14, 9, 30, 4, 0, time.UTC)
	if role != "control" {
		at = at.Add(4 * time.Millisecond)
	}
	return reports.Exchange{
		Role: role, At: at, MS: 3.2, EventID: "evt_01J9Z6",
		Request: "POST /webhooks/claude HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: application/json\r\n" +
			"X-Claude-Signature: " + signature + "\r\nX-Claude-Timestamp: 2026-02-14T09:30:04Z\r\n\r\n" +
			`{"id":"evt_01J9Z6","type":"task.completed","created_at":"2026-02-14T09:30:04Z","data":{"task_id":"task_7","result":{"text":"done"}}}`,
		Response: answer,
	}
}

func repeat(id, name string) string {
	return fmt.Sprintf("hookdrill conformance --target %s --only %s --case %q --seed 20260214", receiver, id, name)
}

func failingChecks() []reports.Check {
	const ok = "HTTP/1.1 200 OK\r\nServer: gunicorn/22.0\r\nContent-Type: application/json\r\n\r\n{\"received\":true}"
	forged := reports.Check{
		ID: "SIG-03", Family: "SIG", Level: reports.Must, Need: "wire", Status: reports.Fail, DurationMS: 12,
		Title:       "a random signature of the right shape and length",
		Why:         "2 of 3 random signatures were accepted; the receiver looks at their shape only.",
		Requirement: "An event whose signature was not made with the shared key is refused with a 4xx.",
		Matters:     "Anybody who finds the URL can complete tasks, with any result, without the key.",
	}
	for _, name := range []string{"random hex", "zeros"} {
		forged.Cases = append(forged.Cases, reports.Case{
			Name: name, Status: reports.Fail, Expected: "4xx", Actual: "200, an effect within 40 ms",
			Why: "The event was accepted though nobody signed it.",
			Exchanges: []reports.Exchange{
				exchange("control", "(signature by key k_7f3a)", ok),
				exchange("case", strings.Repeat("0f", 32), ok),
			},
			Repeat: repeat("SIG-03", name),
			Curl:   "curl -sS -X POST " + receiver + " \\\n  -H 'Content-Type: application/json' \\\n  -H 'X-Claude-Signature: 0f0f' \\\n  --data-binary @event.json",
		})
	}
	forged.Cases = append(forged.Cases, reports.Case{Name: "too short", Status: reports.Pass, Expected: "4xx", Actual: "401"})

	cut := reports.Check{
		ID: "SIG-06", Family: "SIG", Level: reports.Must, Need: "wire", Status: reports.Fail, DurationMS: 61,
		Title:       "the right signature, cut short",
		Requirement: "A signature is right as a whole or not at all: cut or lengthened ones are refused with a 4xx.",
		Matters:     "Comparing a prefix lets an attacker guess a signature character by character.",
	}
	for i := range 14 {
		name := fmt.Sprintf("cut to %d characters", i+1)
		cut.Cases = append(cut.Cases, reports.Case{
			Name: name, Status: reports.Fail, Expected: "4xx", Actual: "200", Why: "Only a prefix was compared.",
			Exchanges: []reports.Exchange{exchange("case", strings.Repeat("a", i+1), ok)}, Repeat: repeat("SIG-06", name),
		})
	}
	return []reports.Check{forged, cut, {
		ID: "IDEM-02", Family: "IDEM", Level: reports.Must, Need: "observed", Status: reports.Fail, DurationMS: 5210,
		Title:       "50 copies released together",
		Requirement: "50 copies of one delivery, sent at the same moment on 50 connections, have one effect.",
		Matters:     "The sender repeats what it is unsure of. Without a unique key in the store, a customer is billed twice.",
		Cases: []reports.Case{{
			Name: "50 at once", Status: reports.Fail, Expected: "1 effect", Actual: "7 effects",
			Why:    "The receiver looks whether it knows the id, then stores it: between the two, copies get in.",
			Repeat: repeat("IDEM-02", "50 at once"),
			Exchanges: []reports.Exchange{{
				Role: "case", Request: exchange("", "(signature by key k_7f3a)", "").Request, MS: 10_000, Error: "no answer within 10 s",
			}},
		}},
	}, {
		ID: "SIG-15", Family: "SIG", Level: reports.Should, Need: "wire", Status: reports.Fail, DurationMS: 4,
		Title: "exactly the contract's status", Why: "Refusals are 403 where the contract says 401.",
		Requirement: "A refusal for want of a signature has the status 401.", Matters: "Dashboards and retries tell 401 from other errors.",
		Cases: []reports.Case{{
			Name: "no signature", Status: reports.Fail, Expected: "401", Actual: "403", Why: "Refused, with another status.",
			Exchanges: []reports.Exchange{exchange("case", "", "HTTP/1.1 403 Forbidden\r\n\r\nno")}, Repeat: repeat("SIG-15", "no signature"),
		}},
	}, {
		ID: "TIME-02", Family: "TIME", Level: reports.Should, Need: "wire", Status: reports.Fail, DurationMS: 30_400,
		Title: "200 valid events, one after another", Why: "p99 was 143 ms; under 100 ms is asked.",
		Requirement: "The 99th percentile of answers is under 100 ms.", Matters: "Slow answers become retries under load.",
		Cases: []reports.Case{{Name: "p99", Status: reports.Fail, Expected: "< 100 ms", Actual: "143 ms", Why: "The tail is slow.", Repeat: repeat("TIME-02", "p99")}},
	}}
}

func unprovedChecks() []reports.Check {
	const noLog, noExec = "This run was given no log file.", "The harness did not start the receiver, so it could not kill it."
	return []reports.Check{
		{
			ID: "RAW-08", Family: "RAW", Level: reports.Should, Need: "wire", Status: reports.NotApplicable, Title: "HTTP/2 over TLS",
			Why: "The target is plain http.", Requirement: "Events that come by HTTP/2 are accepted.", Matters: "Some senders speak nothing else.",
		},
		{
			ID: "PAY-10", Family: "PAY", Level: reports.Must, Need: "wire", Status: reports.Error, DurationMS: 30_000,
			Title: "payloads of 101 KB and 256 KB", Why: "The harness ran out of file descriptors.",
			Requirement: "Payloads of up to 256 KB are accepted.", Matters: "Large results are lost.",
			Cases: []reports.Case{{
				Name: "256 KB", Status: reports.Error, Expected: "2xx", Actual: "", Why: "socket: too many open files", Repeat: repeat("PAY-10", "256 KB"),
			}},
		},
		{
			ID: "RPL-02", Family: "RPL", Level: reports.Must, Need: "wire", Status: reports.NotExercised, DurationMS: 9,
			Title: "stamped ten minutes and a year ahead", Why: "The control was refused too (401), so refusing the case proves nothing.",
			Requirement: "An event stamped more than the tolerance ahead is refused.", Matters: "A captured event could be kept and used later.",
			Cases: []reports.Case{{
				Name: "ten minutes ahead", Status: reports.NotExercised, Expected: "4xx", Actual: "401", Why: "The twin with a fresh stamp got 401 as well.",
				Exchanges: []reports.Exchange{exchange("control", "(signature by key k_7f3a)", "HTTP/1.1 401 Unauthorized\r\n\r\n")},
				Repeat:    repeat("RPL-02", "ten minutes ahead"),
			}},
		},
		{ID: "DUR-01", Family: "DUR", Level: reports.Must, Need: "managed", Status: reports.NotObserved, Title: "killed without warning under traffic", Why: noExec},
		{ID: "DUR-02", Family: "DUR", Level: reports.Must, Need: "managed", Status: reports.NotObserved, Title: "asked to stop under traffic", Why: noExec},
		{ID: "OBS-01", Family: "OBS", Level: reports.Must, Need: "log", Status: reports.NotObserved, Title: "no key and no valid signature in the log", Why: noLog},
	}
}

func passingChecks() []reports.Check {
	var all []reports.Check
	for i, title := range []string{
		"one correctly signed event of every documented type", "each authentication header left out in turn",
		"signed with another key", "one byte flipped after signing", "pretty-printed JSON", "valid but not canonical JSON",
		"UTF-8: emoji, both normal forms, right-to-left text", "chunked transfer", "the same delivery twice, byte for byte",
		"stamped ten minutes, a day and 25 years ago", "stamped 240 s ago",
	} {
		family := []string{"SIG", "SIG", "SIG", "SIG", "RAW", "RAW", "RAW", "RAW", "IDEM", "RPL", "RPL"}[i]
		all = append(all, reports.Check{
			ID: fmt.Sprintf("%s-%02d", family, 20+i), Family: family, Level: reports.Must, Need: "wire", Status: reports.Pass,
			DurationMS: int64(7 + 3*i), Title: title, Requirement: "2xx, or refused, as the contract has it.", Matters: "Events are lost.",
			Cases: []reports.Case{{Name: "case", Status: reports.Pass, Expected: "2xx", Actual: "200", Repeat: "hookdrill conformance"}},
		})
	}
	return all
}
