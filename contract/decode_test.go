package contract_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"hookdrill/contract"
)

func TestParseBroken(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("claude.yaml")
	if err != nil {
		t.Fatal(err)
	}
	valid := string(data)
	tests := []struct {
		name     string
		old, new string // replaced in claude.yaml
		want     []string
	}{
		{"unknown key", "  algorithm: hmac", "  algoritm: hmac", []string{`c.yaml:14:3: unknown key "algoritm"; did you mean "algorithm"?`}},
		{"unknown key at the top", "title:", "titel:", []string{`c.yaml:4:1: unknown key "titel"; did you mean "title"?`}},
		{"unknown key in a list", "    state: completed", "    stat: completed", []string{`c.yaml:62:5: unknown key "stat"; did you mean "state"?`}},
		{"wrong algorithm", "hmac-sha256", "hmac-sha1", []string{`c.yaml:14: signature.algorithm: "hmac-sha1" is not supported; use hmac-sha256`}},
		{"wrong encoding", "encoding: hex", "encoding: base32", []string{`c.yaml:15: signature.encoding: "base32" is not supported; use hex or base64`}},
		{"wrong text signed", "signed: body", "signed: id.ts.body", []string{`c.yaml:16: signature.signed: "id.ts.body" is not right: without {body} anybody could change the body`}},
		{"wrong derivation", "derivation: whole", "derivation: base32", []string{`c.yaml:20: key.derivation: "base32" is not supported; use whole or base64 or hex`}},
		{"freshness elsewhere", "source: body", "source: header", []string{`c.yaml:30: freshness.source: header needs a timestamp under the signature`}},
		{"wrong resend", "resend: anew", "resend: later", []string{`c.yaml:42: retries.resend: "later" is not supported; use anew or identical`}},
		{"wrong kind", "name: result, kind: result", "name: result, kind: text", []string{`c.yaml:65: types[0].data[1].kind: "text" is not supported; use task_id or result or error`}},
		{"duration without unit", "tolerance: 300s", "tolerance: 300", []string{`c.yaml:31:14: "300" is no duration; write a number and a unit`}},
		{"duration in words", "4s,", "soon,", []string{`"soon" is no duration`}},
		{"negative duration", "timeout: 10s", "timeout: -10s", []string{`c.yaml:50: timeout: -10s is not right`}},
		{"zero wait", "[1s,", "[0s,", []string{`c.yaml:40: retries.waits[0]: 0s is not right`}},
		{"text for a number", "unauthorized: 401", "unauthorized: no", []string{`c.yaml:34:17: "no" is not a whole number`}},
		{"number out of range", "unauthorized: 401", "unauthorized: 500", []string{`c.yaml:34: answers.unauthorized: 500 is not right; write a number from 400 to 499`}},
		{"percent for a part", "delivered: 0.999", "delivered: 99.9", []string{`service_levels.delivered: 99.9 is not right; write a part of 1`}},
		{"negative Retry-After", "retry_after: 3600s", "retry_after: -1s", []string{`retries.retry_after: -1s is not right`}},
		{"negative count", "abandoned: 0", "abandoned: -1", []string{`disable.abandoned: -1`}},
		{"negative part", "jitter: 0.1", "jitter: -0.1", []string{`retries.jitter: -0.1 is not right`}},
		{"NaN", "jitter: 0.1", "jitter: .nan", []string{`retries.jitter: NaN is not right`}},
		{"no types", valid[strings.Index(valid, "types:"):strings.Index(valid, "assumptions:")], "types: []\n", []string{"types: is empty"}},
		{"type twice", "agent.task.timeout", "agent.task.failed", []string{`types[2].name: "agent.task.failed" stands in the list twice`}},
		{"field twice", "type: type", "type: id", []string{`c.yaml:24: body.type: "id" is the name of body.id already`}},
		{"missing section", "key:\n  env: CLAUDE_WEBHOOK_KEY\n  derivation: whole", "", []string{"key.env: is missing", "key.derivation: is missing; use whole or base64 or hex"}},
		{"several at once", "algorithm: hmac-sha256\n  encoding: hex", "algorithm: md5\n  encoding: octal", []string{"c.yaml:14: signature.algorithm", "c.yaml:15: signature.encoding"}},
		{"not POST", "method: POST", "method: PUT", []string{`c.yaml:8: request.method: "PUT" is not supported; use POST`}},
		{"no JSON", "content_type: application/json", "content_type: text/xml", []string{`request.content_type: "text/xml" is not supported`}},
		{"header with a space", "X-Claude-Signature", "X Claude Signature", []string{"c.yaml:13: signature.header"}},
		{"path without slash", "path: /webhooks", "path: webhooks", []string{`request.path: "webhooks/claude" is not right`}},
		{"key twice", "name: claude\n", "name: claude\nname: other\n", []string{"c.yaml:4:1: mapping key"}},
		{"second document", "assumptions:", "---\nassumptions:", []string{"c.yaml:77: a second document starts here"}},
		{"empty file", valid, "", []string{"c.yaml: the file is empty"}},
		{"comment only", valid, "# nothing\n", []string{"c.yaml: the file is empty"}},
		{"no map", valid, "- a\n- b\n", []string{"c.yaml:1:"}},
		{"broken YAML", "types:", "types: [", []string{"c.yaml:"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			broken := strings.Replace(valid, tt.old, tt.new, 1)
			if broken == valid {
				t.Fatalf("claude.yaml has no %q", tt.old)
			}
			c, err := contract.Parse([]byte(broken), "c.yaml")
			if err == nil {
				t.Fatalf("no error, but the contract %+v", c)
			}
			for _, want := range tt.want {
				wantError(t, err, want)
			}
		})
	}
}

// An unmodified contract that lost everything is told about every field.
func TestValidateNamesEveryField(t *testing.T) {
	t.Parallel()
	var invalid *contract.InvalidError
	if err := (&contract.Contract{}).Validate(); !errors.As(err, &invalid) {
		t.Fatalf("Validate() = %v, want an InvalidError", err)
	}
	var fields strings.Builder
	for _, p := range invalid.Problems {
		fields.WriteString(p.Field + ": " + p.Why + "\n")
	}
	golden(t, "empty.golden.txt", []byte(fields.String()))
}

func FuzzParse(f *testing.F) {
	data, err := os.ReadFile("claude.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("name: &a [*a]"))
	f.Add([]byte("types: [{data: [{kind: 1}]}]\ntimeout: !!binary x"))
	f.Add([]byte("timeout: null\nretries: {waits: [~, {}, []]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := contract.Parse(data, "f.yaml")
		if (c == nil) == (err == nil) {
			t.Fatalf("Parse = %v, %v", c, err)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "f.yaml:") {
			t.Fatalf("the error does not name the file: %v", err)
		}
	})
}
