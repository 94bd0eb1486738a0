package main

import (
	"fmt"
	"net/url"
	"strings"

	"hookdrill/contract"
	"hookdrill/internal/suggest"
	"hookdrill/reference"
)

// spoken returns a contract that the reference receiver speaks.
func spoken(name string) (reference.Contract, error) {
	c, known := reference.FindContract(name)
	if known {
		return c, nil
	}
	text := fmt.Sprintf("--contract: the reference receiver speaks no contract %q", name)
	if near := suggest.Nearest(name, reference.Contracts()); near != "" {
		text += fmt.Sprintf("; did you mean %q?", near)
	}
	return reference.Contract{}, usage("hookdrill receiver --contract "+reference.DefaultContract, "%s (it speaks %s)", text, strings.Join(reference.Contracts(), ", "))
}

// keys reads the current and the previous key. If one is wrong, another takes
// its place, so that the rest can be looked at.
func (f *receiverFlags) keys(c reference.Contract, s Streams, wrong *wrongs) []string {
	keys, err := f.target.keys(&contract.Contract{Key: contract.Key{Env: c.KeyEnv}}, s)
	if err != nil {
		wrong.add(err)
		return nil
	}
	all := []string{string(keys.Current)}
	if len(keys.Previous) > 0 {
		all = append(all, string(keys.Previous))
	}
	right := all[:0:0]
	for i, secret := range all {
		if err := c.CheckKey(secret); err != nil {
			wrong.add(usage("", "the %s signing key of %s %w", []string{"current", "previous"}[i], c.Name, err))
			continue
		}
		right = append(right, secret)
	}
	return right
}

// api reads where the resources of thin events are fetched; nil for a contract
// without such events, and where the environment names no API.
func (f *receiverFlags) api(c reference.Contract, s Streams, wrong *wrongs) *reference.API {
	base, _ := s.Env("ANTHROPIC_BASE_URL")
	if !c.Thin() || base == "" {
		return nil
	}
	key, _ := s.Env("ANTHROPIC_API_KEY")
	u, err := url.Parse(base)
	switch {
	case err != nil: // the error quotes it, and it may hold a password
		wrong.add(usage("", "environment variable ANTHROPIC_BASE_URL: it is no URL"))
		return nil
	case key == "":
		wrong.add(usage("export ANTHROPIC_API_KEY=…", "ANTHROPIC_BASE_URL names an API, and ANTHROPIC_API_KEY, the key for it, is not set"))
		return nil
	}
	return &reference.API{URL: u, Key: key}
}

// fetching says whether the resources of thin events are fetched.
func fetching(c reference.Contract, api *reference.API) string {
	switch {
	case !c.Thin():
		return ""
	case api == nil:
		return "fetches: nothing, because ANTHROPIC_BASE_URL is not set\n"
	}
	return "fetches: from " + api.URL.Redacted() + "\n"
}

// standIn is a key for looking at the rest of a configuration whose own is wrong.
const standIn = "whsec_c3RhbmQtaW4gc3RhbmQtaW4gc3RhbmQtaW4gc3RhbmQ="
