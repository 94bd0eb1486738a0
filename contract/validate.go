package contract

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"hookdrill/internal/jsontext"
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
	c.validateSignature(v)
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
	seen := map[string]bool{strings.ToLower(c.Signature.Header): true}
	for i, h := range c.Request.Headers {
		at := fmt.Sprintf("request.headers[%d].", i)
		v.match(at+"name", h.Name, headerName, "the name of a header, such as X-Event-Type")
		if name := strings.ToLower(h.Name); seen[name] && h.Name != "" {
			v.wrong(at+"name", "%q is sent already", h.Name)
		} else {
			seen[name] = true
		}
		v.line(at+"value", h.Value, headerHolds()...)
	}
}

const headerName = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"

func (c *Contract) validateSignature(v *validation) {
	v.match("signature.header", c.Signature.Header, headerName, "the name of a header, such as X-Signature")
	v.oneOf("signature.algorithm", c.Signature.Algorithm, "hmac-sha256")
	v.oneOf("signature.encoding", c.Signature.Encoding, "hex", "base64")
	if c.Signature.Signed == "" {
		v.wrong("signature.signed", "is missing; write a template of what is signed, such as {body} or {timestamp}.{body}")
	} else if parts, ok := v.line("signature.signed", c.Signature.template(), HoldBody, HoldID, HoldTimestamp); ok && !holds(parts, HoldBody) {
		v.wrong("signature.signed", "%q is not right: without {body} anybody could change the body; write a template such as {body} or {timestamp}.{body}", c.Signature.Signed)
	}
	if c.Signature.Format != "" {
		if parts, ok := v.line("signature.format", c.Signature.Format, HoldMAC, HoldTimestamp, HoldID); ok && count(parts, HoldMAC) != 1 {
			v.wrong("signature.format", "%q is not right; write a template with {mac} once, such as sha256={mac}", c.Signature.Format)
		}
	}
	if c.Signature.Several != "" {
		if parts, ok := v.line("signature.several", c.Signature.Several, HoldMAC); ok && count(parts, HoldMAC) != 1 {
			v.wrong("signature.several", `%q is not right; write what each further signature adds to the header's value, with {mac} once, such as ",v1={mac}"`, c.Signature.Several)
		}
	}
	v.match("key.env", c.Key.Env, `^[A-Za-z_][A-Za-z0-9_]*$`, "the name of an environment variable, such as WEBHOOK_KEY")
	if f := c.Fetch; f != nil {
		v.match("fetch.base_url_env", f.BaseURLEnv, `^[A-Za-z_][A-Za-z0-9_]*$`, "the name of an environment variable, such as API_BASE_URL")
		v.match("fetch.key_env", f.KeyEnv, `^[A-Za-z_][A-Za-z0-9_]*$`, "the name of an environment variable, such as API_KEY")
	}
	v.oneOf("key.derivation", c.Key.Derivation, KeyWhole, KeyBase64, KeyHex)
	if c.Key.Prefix != "" && c.Key.Derivation == KeyWhole {
		v.wrong("key.prefix", "%q would be part of the key, because the derivation is whole; use base64 or hex, or leave the prefix out", c.Key.Prefix)
	}
}

func count(parts []Part, name string) int {
	n := 0
	for _, p := range parts {
		if p.Name == name {
			n++
		}
	}
	return n
}

// envelope is true when events have no payload of their own.
func (c *Contract) envelope() bool {
	return c.Payload == "" && c.Payloads == "" && !slices.ContainsFunc(c.Types, func(t Type) bool { return t.Payload != "" || len(t.Samples) > 0 })
}

func (c *Contract) validateBody(v *validation) {
	right, what := `^[^\s.]+(\.[^\s.]+)*$`, "a path of names and dots, such as data.id"
	if c.envelope() {
		right, what = `^[^\s.]+$`, "the name of a field"
		v.text("body.type", c.Body.Type)
		v.text("body.data", c.Body.Data)
		if !c.IDInHeader() {
			v.text("body.id", c.Body.ID)
		}
	}
	seen := map[string]string{}
	for _, f := range []struct{ field, path string }{
		{"body.id", c.Body.ID},
		{"body.type", c.Body.Type},
		{"body.timestamp", c.Body.Timestamp},
		{"body.data", c.Body.Data},
	} {
		if f.path == "" {
			continue
		}
		v.match(f.field, f.path, right, what)
		if other := seen[f.path]; other != "" {
			v.wrong(f.field, "%q is the name of %s already", f.path, other)
		}
		seen[f.path] = f.field
	}
	if c.Body.Subject != "" {
		v.match("body.subject", c.Body.Subject, `^[^\s.]+(\.[^\s.]+)*$`, "a path of names and dots, such as data.id")
	}
	if c.Body.TimestampFormat != "" {
		v.oneOf("body.timestamp_format", c.Body.TimestampFormat, stampFormats()...)
	}
	if strings.Contains(c.Body.IDPrefix, "{{") {
		v.wrong("body.id_prefix", "%q is not right; a prefix is a plain text, and id.form takes a form", c.Body.IDPrefix)
	}
	if c.ID.Form != "" {
		if _, err := ParseForm(c.ID.Form, LeastID); err != nil {
			v.wrong("id.form", "%s", err)
		}
		if c.Body.IDPrefix != "" {
			v.wrong("body.id_prefix", "id.form says already how ids look; leave one of them out")
		}
	}
	c.validateIDHeader(v)
	c.validateFreshness(v)
}

func (c *Contract) validateIDHeader(v *validation) {
	if c.SignsID() && !c.HasID() {
		v.wrong("signature.signed", "{id} is signed, and nothing says where the id is; add id.header or body.id")
	}
	if c.ID.Header == "" {
		return
	}
	v.match("id.header", c.ID.Header, headerName, "the name of a header, such as webhook-id")
	for _, h := range c.Request.Headers {
		_, err := Line(h.Value, headerHolds()...)
		if strings.EqualFold(h.Name, c.ID.Header) && (err != nil || holds(h.HeaderParts(), HoldID)) { // an error is told of already
			return
		}
	}
	v.wrong("id.header", `no header of that name is sent with the id; add {name: %s, value: "{id}"} to request.headers`, c.ID.Header)
}

func (c *Contract) validateFreshness(v *validation) {
	f := c.Freshness
	v.oneOf("freshness.source", f.Source, FreshBody, FreshHeader, FreshNone)
	if f.Direction != "" {
		v.oneOf("freshness.direction", f.Direction, FreshBoth, FreshPast)
	}
	if f.Source != FreshNone {
		v.positive("freshness.tolerance", f.Tolerance)
	} else if f.Tolerance != 0 || f.Direction != "" {
		v.wrong("freshness.source", "none goes with neither tolerance nor direction; leave them out, or use body or header")
	}
	header, _ := c.TimestampHeader()
	switch {
	case f.Source == FreshBody && c.Body.Timestamp == "":
		v.wrong("freshness.source", "body needs the timestamp's place in the body; add body.timestamp")
	case f.Source == FreshHeader && !c.SignsTimestamp():
		v.wrong("freshness.source", "header needs a timestamp under the signature, or anybody could renew it; add {timestamp} to signature.signed, or use none")
	}
	if _, err := Line(c.Signature.Format, HoldMAC, HoldTimestamp, HoldID); err != nil {
		return // it is told of already
	}
	if c.SignsTimestamp() && header == "" && !holds(c.FormatParts(), HoldTimestamp) {
		v.wrong("signature.signed", "{timestamp} is signed, and no header carries it; add it to request.headers or to signature.format")
	}
}

func (c *Contract) validateSending(v *validation) {
	if c.Answers.Unauthorized != 0 {
		v.between("answers.unauthorized", c.Answers.Unauthorized, 400, 499)
	}
	if c.Answers.Malformed != 0 {
		v.between("answers.malformed", c.Answers.Malformed, 400, 499)
	}
	if c.Answers.Duplicate != 0 {
		v.between("answers.duplicate", c.Answers.Duplicate, 200, 299)
	}
	if c.Answers.Redirect != "" {
		v.oneOf("answers.redirect", c.Answers.Redirect, "failure", "disables", "follows")
		if (c.Answers.Redirect == "disables") != c.Disable.Redirect {
			v.wrong("answers.redirect", "%q contradicts disable.redirect, which is %v", c.Answers.Redirect, c.Disable.Redirect)
		}
	}
	for i, status := range c.Answers.Throttle {
		v.between(fmt.Sprintf("answers.throttle[%d]", i), status, 400, 599)
	}
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
	c.validatePayload(v, "payload", c.Payload)
	names := map[string]bool{}
	for i, t := range c.Types {
		at := fmt.Sprintf("types[%d].", i)
		v.match(at+"name", t.Name, `^\S+$`, "a name without spaces, such as agent.task.completed")
		if names[t.Name] && t.Name != "" {
			v.wrong(at+"name", "%q stands in the list twice", t.Name)
		}
		names[t.Name] = true
		if t.Subject != "" {
			if _, err := ParseForm(t.Subject, LeastSubject); err != nil {
				v.wrong(at+"subject", "%s", err)
			}
		}
		c.validatePayload(v, at+"payload", t.Payload)
		if !c.envelope() && t.Payload == "" && len(t.Samples) == 0 && c.Payload == "" {
			v.wrong(at+"name", "%q has no body: give it a payload, or %s", t.Name, c.wanted(t.Name))
		}
		if len(t.Data) > 0 && (t.Payload != "" || c.Payload != "" || len(t.Samples) > 0) {
			v.wrong(at+"data", "the payload says already what is in the body; leave one of them out")
		}
		validateFields(v, at, t.Data)
	}
	if h := c.Handshake; h != nil {
		v.match("handshake.type", h.Type, `^\S+$`, "a name without spaces, such as ping")
		v.text("handshake.payload", h.Payload)
		c.validatePayload(v, "handshake.payload", h.Payload)
		if body, err := jsontext.Parse(h.Payload); err == nil && h.Echo != "" && body.Get(h.Echo) == nil {
			v.wrong("handshake.echo", "%q is no field of the payload", h.Echo)
		}
	}
}

func (c *Contract) wanted(typ string) string {
	if c.Payloads == "" {
		return "the contract one"
	}
	return "add the file " + typ + ".json to the folder " + c.Payloads
}

func validateFields(v *validation, at string, list []DataField) {
	fields := map[string]bool{}
	for j, f := range list {
		field := fmt.Sprintf("%sdata[%d].", at, j)
		v.text(field+"name", f.Name)
		if fields[f.Name] && f.Name != "" {
			v.wrong(field+"name", "%q stands in the list twice", f.Name)
		}
		fields[f.Name] = true
		v.oneOf(field+"kind", f.Kind, kindTask, "result", "error")
	}
}

// validatePayload says what is wrong with a payload.
func (c *Contract) validatePayload(v *validation, field, payload string) {
	if payload == "" {
		return
	}
	if err := c.checkPayload(payload); err != nil {
		v.wrong(field, "%s", err)
	}
}

// checkPayload says whether a text is JSON with placeholders that exist.
func (c *Contract) checkPayload(payload string) error {
	body, err := jsontext.Parse(payload)
	if err != nil {
		return fmt.Errorf("is not JSON: %w", err)
	}
	if body.Kind != jsontext.Object {
		return errors.New("is not a JSON object; write one, such as {\"id\":\"{{id}}\"}")
	}
	if _, err := Fills(payload); err != nil {
		return err
	}
	return nil
}

// Documented reports whether typ is one of the contract's event types.
func (c *Contract) Documented(typ string) bool {
	return slices.ContainsFunc(c.Types, func(t Type) bool { return t.Name == typ })
}
