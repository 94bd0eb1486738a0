// Package casefile reads and writes one planned case as a file of its own, so that it can be sent again: on
// another machine, against another address, long after the run.
//
// A file holds what is drawn before sending, and neither a key nor a signature made with one. It must not judge.
package casefile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"hookdrill/contract"
	"hookdrill/internal/plan"
)

// Schema is the version of the file.
const Schema = 1

// kind tells the files from other JSON.
const kind = "hookdrill case"

// MaxFile bounds a file, in bytes.
const MaxFile = 64 << 20

// File is one case that can be sent again.
type File struct {
	Kind    string `json:"kind"`
	Schema  int    `json:"schema"`
	Version string `json:"version"`
	// Contract is the name or the file that the run gave, ContractDigest what it held.
	Contract       string `json:"contract"`
	ContractDigest string `json:"contract_digest"`
	// Targets are the URLs of the run without secrets; Bundled says that it was the
	// receiver that comes with hookdrill.
	Targets []string `json:"targets"`
	Bundled bool     `json:"bundled,omitempty"`
	Seed    uint64   `json:"seed"`
	// Status and Why are what the run found.
	Status string     `json:"status"`
	Why    string     `json:"why"`
	Check  plan.Check `json:"check"`
	Case   *plan.Case `json:"case"`
	// Digest is that of everything above.
	Digest string `json:"digest"`
}

// DigestOf is the digest of what a contract says.
func DigestOf(c *contract.Contract) (string, error) {
	data, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("digest contract: %w", err)
	}
	return sum(data), nil
}

func sum(data []byte) string {
	d := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(d[:])
}

// Repeatable reports whether a case can be sent again by itself: it sends something, and its check is judged
// by that alone.
func Repeatable(check *plan.Check, c *plan.Case) bool {
	return check != nil && c != nil && len(c.Steps) > 0 && len(check.Reads) == 0 && check.Need != contract.NeedManaged
}

// Name is the name of the file of a case: the same from run to run, and safe in every file system.
func Name(id string) string {
	var b strings.Builder
	for _, r := range id {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.' && b.Len() > 0:
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
	}
	// Two names may have become one: the digest of the id tells them apart.
	return b.String()[:min(b.Len(), 80)] + "-" + sum([]byte(id))[len("sha256:"):][:8] + ".json"
}

// Marshal writes a file, with its digest.
func (f File) Marshal() ([]byte, error) {
	f.Kind, f.Schema, f.Digest = kind, Schema, ""
	c := *f.Case
	c.Steps = nil
	for _, s := range f.Case.Steps { // which instance one went to is decided anew
		s.Deliveries, s.Background = undealt(s.Deliveries), undealt(s.Background)
		c.Steps = append(c.Steps, s)
	}
	f.Case = &c
	digest, err := f.digest()
	if err != nil {
		return nil, err
	}
	f.Digest = digest
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(f); err != nil {
		return nil, fmt.Errorf("write case: %w", err)
	}
	return b.Bytes(), nil
}

func undealt(ds []plan.Delivery) []plan.Delivery {
	out := make([]plan.Delivery, len(ds))
	for i, d := range ds {
		d.To = 0
		out[i] = d
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func (f File) digest() (string, error) {
	f.Digest = ""
	data, err := json.Marshal(f)
	if err != nil {
		return "", fmt.Errorf("digest case: %w", err)
	}
	return sum(data), nil
}

// Parse reads a file. The error says what is wrong with one that hookdrill did not write, or not like that.
func Parse(data []byte) (*File, error) {
	var head struct {
		Kind    string `json:"kind"`
		Schema  int    `json:"schema"`
		Version string `json:"version"`
	}
	switch {
	case len(data) > MaxFile:
		return nil, fmt.Errorf("read case: larger than %d bytes", MaxFile)
	case json.Unmarshal(data, &head) != nil || head.Kind != kind:
		return nil, errors.New("read case: not a case that hookdrill wrote; a run writes them to out/conformance/cases, for each case that failed")
	case head.Schema != Schema:
		return nil, fmt.Errorf("read case: it has schema %d (hookdrill %s), this hookdrill reads schema %d", head.Schema, head.Version, Schema)
	}
	var f File
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return nil, fmt.Errorf("read case: %w", err)
	}
	digest, err := f.digest()
	if err != nil {
		return nil, err
	}
	if digest != f.Digest {
		return nil, errors.New("read case: the file was altered after hookdrill wrote it (its digest does not match), so it is not the case of the run; take the original, or write a scenario (docs/scenarios.md)")
	}
	if !Repeatable(&f.Check, f.Case) {
		return nil, errors.New("read case: the case cannot be sent by itself; repeat it with --only")
	}
	return &f, nil
}
