package witness

import (
	"net/url"
	"slices"
	"strings"
)

// kind is a kind of resource that the API has.
type kind struct {
	// path is the resource's path, in which * stands for an id.
	path string
	// word is the value of the field type.
	word string
	// lists are the collections below it.
	lists []string
}

// kinds lists what the API has; source: the endpoints that the events of Claude's
// Managed Agents name.
func kinds() []kind {
	return []kind{
		{"/v1/sessions/*", "session", []string{"events", "threads", "resources"}},
		{"/v1/sessions/*/threads/*", "session_thread", []string{"events"}},
		{"/v1/agents/*", "agent", []string{"versions"}},
		{"/v1/deployments/*", "deployment", nil},
		{"/v1/deployment_runs/*", "deployment_run", nil},
		{"/v1/environments/*", "environment", nil},
		{"/v1/vaults/*", "vault", []string{"credentials"}},
		{"/v1/vaults/*/credentials/*", "vault_credential", nil},
		{"/v1/memory_stores/*", "memory_store", []string{"memories"}},
	}
}

// found is what a path names.
type found struct {
	kind kind
	ids  []string
	list bool // the collection below the resource
}

// find reads the path of a request target as it came on the wire: what is encoded
// is decoded once, segment by segment, and nothing is cleaned.
func find(target string) (found, bool) {
	path, _, _ := strings.Cut(target, "?")
	segments := strings.Split(path, "/")
	for _, k := range kinds() {
		pattern := strings.Split(k.path, "/")
		if ids, ok := match(segments, pattern); ok {
			return found{kind: k, ids: ids}, true
		}
		for _, list := range k.lists {
			if ids, ok := match(segments, append(slices.Clip(pattern), list)); ok {
				return found{kind: k, ids: ids, list: true}, true
			}
		}
	}
	return found{}, false
}

func match(segments, pattern []string) (ids []string, ok bool) {
	if len(segments) != len(pattern) {
		return nil, false
	}
	for i, want := range pattern {
		if want != "*" {
			if segments[i] != want {
				return nil, false
			}
			continue
		}
		id, err := url.PathUnescape(segments[i])
		if err != nil || id == "" {
			return nil, false
		}
		ids = append(ids, id)
	}
	return ids, true
}

// wellFormed reports whether an id could be one of the API's. The API says that
// ids are opaque; none has ever held anything but letters, digits, _ and -.
func wellFormed(id string) bool {
	return len(id) <= 128 && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
}

// Fetchable reports whether the API has the resource that events of a type are about:
// not when it was deleted, and not for kinds that the API does not serve.
func Fetchable(typ string) bool {
	family, what, ok := strings.Cut(typ, ".")
	if !ok || what == "deleted" || strings.Contains(what, ".") {
		return false
	}
	for _, k := range kinds() {
		if k.word == family {
			return true
		}
	}
	return false
}
