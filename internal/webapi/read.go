package webapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"hookdrill/internal/suggest"
)

// Read reads one JSON value of at most that many bytes into a pointer to a
// struct, strictly: an unknown field is an error. It answers with a problem and
// returns false when the request is not right.
func Read(w http.ResponseWriter, r *http.Request, most int64, into any) bool {
	return read(w, r, most, into, true)
}

// ReadSome is Read, but fields that the struct does not have are ignored, unless
// their name is nearly that of one it has.
func ReadSome(w http.ResponseWriter, r *http.Request, most int64, into any) bool {
	return read(w, r, most, into, false)
}

func read(w http.ResponseWriter, r *http.Request, most int64, into any, strict bool) bool {
	// A form of another site's page cannot have this type.
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		Problem(w, http.StatusUnsupportedMediaType, "Unsupported media type", "send JSON, with Content-Type: application/json")
		return false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		Problem(w, http.StatusRequestEntityTooLarge, "Content too large", fmt.Sprintf("the body may have %d bytes", tooLarge.Limit))
		return false
	}
	if err != nil {
		Problem(w, http.StatusBadRequest, "Invalid request", "the body broke off")
		return false
	}
	if field, why := decode(body, into, strict); why != "" {
		if field == "" {
			Problem(w, http.StatusBadRequest, "Invalid request", why)
		} else {
			Invalid(w, field, why)
		}
		return false
	}
	return true
}

// decode says which field is wrong, "" for the whole, and why; nothing when all
// is right.
func decode(body []byte, into any, strict bool) (field, why string) {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(body, &fields); err != nil || bytes.HasPrefix(bytes.TrimSpace(body), []byte("null")) {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return "", fmt.Sprintf("not JSON at byte %d: %s", syntax.Offset, syntax.Error())
		}
		return "", "want a JSON object"
	}
	known := names(into)
	for name := range fields {
		if slices.Contains(known, name) {
			continue
		}
		near := suggest.Nearest(name, known)
		switch {
		case near != "":
			return name, fmt.Sprintf("unknown field; did you mean %q?", near)
		case strict:
			return name, "unknown field; known are " + strings.Join(known, ", ")
		}
	}
	err := json.Unmarshal(body, into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return wrong.Field, fmt.Sprintf("want %s, have a %s", kind(wrong.Type), wrong.Value)
	}
	if err != nil {
		return "", err.Error()
	}
	return "", ""
}

// names lists the JSON names of the fields of a struct that v points to.
func names(v any) []string {
	t := reflect.TypeOf(v).Elem()
	var out []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		out = append(out, name)
	}
	return out
}

// kind is a Go type in JSON's words.
func kind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "an array"
	case reflect.Map, reflect.Struct:
		return "an object"
	default:
		return "a number"
	}
}
