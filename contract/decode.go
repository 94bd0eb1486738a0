package contract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"hookdrill/internal/suggest"
)

// Parse reads a contract from YAML and validates it. Every error names
// filename; errors of syntax and unknown keys also name the line, and so does
// every line of an [InvalidError]. It reads no other files: the types of a contract
// with a folder of payloads have no samples then, unless they came from [Load].
func Parse(data []byte, filename string) (*Contract, error) {
	return parse(data, filename, func(*Contract) error { return nil })
}

// parse is Parse; samples adds what stands in other files.
func parse(data []byte, filename string, samples func(*Contract) error) (*Contract, error) {
	var c Contract
	file, err := decodeStrictly(data, filename, &c)
	if err != nil {
		return nil, err
	}
	c.assume(func(field string) bool { return find(file, field) != nil })
	if err := samples(&c); err != nil {
		return nil, fmt.Errorf("%s:%d: payloads: %w", filename, lineOf(file, "payloads"), err)
	}
	err = c.Validate()
	if invalid, ok := errors.AsType[*InvalidError](err); ok {
		invalid.File = filename
		for i, p := range invalid.Problems {
			invalid.Problems[i].Line = lineOf(file, p.Field)
		}
	}
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// decodeStrictly decodes the one YAML document in data into dst, a pointer to a
// struct. A key that dst has no place for is an error, and so is a second
// document.
func decodeStrictly(data []byte, filename string, dst any) (file *ast.File, err error) {
	// The YAML package panics on some malformed input instead of refusing it.
	defer func() {
		if cause := recover(); cause != nil {
			file, err = nil, fmt.Errorf("%s: the YAML cannot be understood (%v); remove tags, anchors and nulls", filename, cause)
		}
	}()
	file, err = parser.ParseBytes(data, 0)
	if err != nil {
		return nil, located(filename, err, dst)
	}
	docs := 0
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if docs++; docs == 2 {
			return nil, fmt.Errorf("%s:%d: a second document starts here; write one document a file",
				filename, doc.Body.GetToken().Position.Line)
		}
	}
	err = yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(dst)
	if errors.Is(err, io.EOF) || err == nil && docs == 0 {
		return nil, fmt.Errorf("%s: the file is empty", filename)
	}
	if err != nil {
		return nil, located(filename, err, dst)
	}
	return file, nil
}

// located puts the place before the message of an error of the YAML package,
// and leaves out the excerpt that the package adds.
func located(filename string, err error, dst any) error {
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		return fmt.Errorf("%s: %w", filename, err)
	}
	message := at.GetMessage()
	var unknownKey *yaml.UnknownFieldError
	var wrongType *yaml.TypeError
	switch {
	case errors.As(err, &unknownKey):
		message = fmt.Sprintf("unknown key %q", at.GetToken().Value)
		if near := suggest.Nearest(at.GetToken().Value, keys(reflect.TypeOf(dst))); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		}
	case errors.As(err, &wrongType):
		message = fmt.Sprintf("%q is not %s", at.GetToken().Value, kindName(wrongType.DstType))
	}
	pos := at.GetToken().Position
	return fmt.Errorf("%s:%d:%d: %s", filename, pos.Line, pos.Column, message)
}

// kindName says in YAML's words what t is.
func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	case reflect.Struct:
		return "a map of keys"
	case reflect.String:
		return "a text"
	default:
		return "a " + t.String()
	}
}

// keys lists the YAML keys of t and of everything below it.
func keys(t reflect.Type) []string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		return keys(t.Elem())
	case reflect.Struct:
		var all []string
		for field := range t.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			all = append(append(all, name), keys(field.Type)...)
		}
		return all
	default:
		return nil
	}
}

// lineOf returns the line of a field such as types[0].name; for one that is
// missing, that of the nearest thing around it; 0 when there is none.
func lineOf(file *ast.File, field string) int {
	for field != "" {
		if tk := find(file, field); tk != nil {
			return tk.Position.Line
		}
		cut := strings.LastIndexAny(field, ".[")
		if cut < 0 {
			return 0
		}
		field = field[:cut]
	}
	return 0
}

func find(file *ast.File, field string) *token.Token {
	path, err := yaml.PathString("$." + field)
	if err != nil {
		return nil
	}
	node, err := path.FilterFile(file)
	if err != nil || node == nil {
		return nil
	}
	// A map's token is the colon behind its first key, which is on the right
	// line all the same.
	return node.GetToken()
}
