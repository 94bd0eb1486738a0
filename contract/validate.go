package contract

import (
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// InvalidError names everything that is wrong with a contract.
type InvalidError struct {
	// File is where the contract was read from, or its name.
	File     string
	Problems []Problem
}

// Problem is one wrong field.
type Problem struct {
	// Line is the line in the file, or 0 when it is not known.
	Line int
	// Field is a path such as signature.algorithm or types[0].name.
	Field string
	// Why says what is wrong and what would be right.
	Why string
}

func (e *InvalidError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = e.File + ": "
		if p.Line > 0 {
			lines[i] = fmt.Sprintf("%s:%d: ", e.File, p.Line)
		}
		lines[i] += p.Field + ": " + p.Why
	}
	return strings.Join(lines, "\n")
}

// Validate returns nil, or an [*InvalidError] that names every wrong field.
func (c *Contract) Validate() error {
	v := &validation{}
	c.validateRequest(v)
	c.validateBody(v)
	c.validateSending(v)
	c.validateTypes(v)
	for i, a := range c.Assumptions {
		v.text(fmt.Sprintf("assumptions[%d]", i), a)
	}
	if len(v.problems) == 0 {
		return nil
	}
	name := c.Name
	if name == "" {
		name = "contract"
	}
	return &InvalidError{File: name, Problems: v.problems}
}

func (c *Contract) validateRequest(v *validation) {
	v.match("name", c.Name, `^[a-z0-9][a-z0-9-]*$`, "lower-case letters, digits and hyphens")
	v.text("title", c.Title)
	v.text("source", c.Source)
	v.oneOf("request.method", c.Request.Method, http.MethodPost)
	v.match("request.path", c.Request.Path, `^/[^\s?#]*$`, "a path that begins with a slash, such as /webhooks")
	if kind, _, err := mime.ParseMediaType(c.Request.ContentType); err != nil || kind != "application/json" {
		v.wrong("request.content_type", "%q is not supported; use application/json", c.Request.ContentType)
	}
	v.match("signature.header", c.Signature.Header, "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", "the name of a header, such as X-Signature")
	v.oneOf("signature.algorithm", c.Signature.Algorithm, "hmac-sha256")
	v.oneOf("signature.encoding", c.Signature.Encoding, "hex")
	v.oneOf("signature.signed", c.Signature.Signed, "body")
	v.match("key.env", c.Key.Env, `^[A-Za-z_][A-Za-z0-9_]*$`, "the name of an environment variable, such as WEBHOOK_KEY")
	v.oneOf("key.derivation", c.Key.Derivation, "whole")
}

func (c *Contract) validateBody(v *validation) {
	seen := map[string]string{}
	for _, f := range []struct{ field, name string }{
		{"body.id", c.Body.ID},
		{"body.type", c.Body.Type},
		{"body.timestamp", c.Body.Timestamp},
		{"body.data", c.Body.Data},
	} {
		v.text(f.field, f.name)
		if other := seen[f.name]; other != "" && f.name != "" {
			v.wrong(f.field, "%q is the name of %s already", f.name, other)
		}
		seen[f.name] = f.field
	}
	v.oneOf("freshness.source", c.Freshness.Source, "body")
	v.positive("freshness.tolerance", c.Freshness.Tolerance)
}

func (c *Contract) validateSending(v *validation) {
	v.between("answers.unauthorized", c.Answers.Unauthorized, 400, 499)
	v.between("answers.malformed", c.Answers.Malformed, 400, 499)
	v.between("answers.duplicate", c.Answers.Duplicate, 200, 299)
	for i, wait := range c.Retries.Waits {
		v.positive(fmt.Sprintf("retries.waits[%d]", i), wait)
	}
	v.ratio("retries.jitter", c.Retries.Jitter)
	v.oneOf("retries.resend", c.Retries.Resend, "anew", "identical")
	if c.Retries.RetryAfter < 0 {
		v.wrong("retries.retry_after", "%s is not right; use a duration from 0, such as 1h, 0s for a sender that heeds none", c.Retries.RetryAfter)
	}
	v.between("disable.abandoned", c.Disable.Abandoned, 0, 1_000_000)
	v.positive("timeout", c.Timeout)
	v.positive("service_levels.p99", c.Levels.P99)
	v.positive("service_levels.processing_p99", c.Levels.ProcessingP99)
	v.ratio("service_levels.delivered", c.Levels.Delivered)
	if c.Levels.Delivered == 0 {
		v.wrong("service_levels.delivered", "0 would let every event be lost; write a part of 1, such as 0.999")
	}
	v.ratio("service_levels.errors", c.Levels.Errors)
	v.ratio("service_levels.retried", c.Levels.Retried)
	v.between("service_levels.rate", c.Levels.Rate, 1, 1_000_000)
}

func (c *Contract) validateTypes(v *validation) {
	if len(c.Types) == 0 {
		v.wrong("types", "is empty; name at least one event type")
	}
	names := map[string]bool{}
	for i, t := range c.Types {
		at := fmt.Sprintf("types[%d].", i)
		v.match(at+"name", t.Name, `^\S+$`, "a name without spaces, such as agent.task.completed")
		if names[t.Name] && t.Name != "" {
			v.wrong(at+"name", "%q stands in the list twice", t.Name)
		}
		names[t.Name] = true
		fields := map[string]bool{}
		for j, f := range t.Data {
			field := fmt.Sprintf("%sdata[%d].", at, j)
			v.text(field+"name", f.Name)
			if fields[f.Name] && f.Name != "" {
				v.wrong(field+"name", "%q stands in the list twice", f.Name)
			}
			fields[f.Name] = true
			v.oneOf(field+"kind", f.Kind, "task_id", "result", "error")
		}
	}
}

// Documented reports whether typ is one of the contract's event types.
func (c *Contract) Documented(typ string) bool {
	return slices.ContainsFunc(c.Types, func(t Type) bool { return t.Name == typ })
}

// validation collects problems.
type validation struct{ problems []Problem }

func (v *validation) wrong(field, format string, args ...any) {
	v.problems = append(v.problems, Problem{Field: field, Why: fmt.Sprintf(format, args...)})
}

func (v *validation) text(field, value string) {
	if strings.TrimSpace(value) == "" {
		v.wrong(field, "is missing")
	}
}

func (v *validation) oneOf(field, value string, right ...string) {
	switch {
	case slices.Contains(right, value):
	case value == "":
		v.wrong(field, "is missing; use %s", strings.Join(right, " or "))
	default:
		v.wrong(field, "%q is not supported; use %s", value, strings.Join(right, " or "))
	}
}

func (v *validation) match(field, value, pattern, right string) {
	switch {
	case value == "":
		v.wrong(field, "is missing; write %s", right)
	case !regexp.MustCompile(pattern).MatchString(value):
		v.wrong(field, "%q is not right; write %s", value, right)
	}
}

func (v *validation) positive(field string, d Duration) {
	if d <= 0 {
		v.wrong(field, "%s is not right; write a duration above zero, such as 10s", d)
	}
}

func (v *validation) ratio(field string, part float64) {
	if !(part >= 0 && part <= 1) { // not the other way round: NaN compares with nothing
		v.wrong(field, "%v is not right; write a part of 1 from 0 to 1, such as 0.1 for 10 %%", part)
	}
}

func (v *validation) between(field string, n, low, high int) {
	if n < low || n > high {
		v.wrong(field, "%d is not right; write a number from %d to %d", n, low, high)
	}
}
