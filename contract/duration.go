package contract

import (
	"fmt"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// String writes d in seconds or milliseconds when it is a whole number of
// them, 300s rather than 5m0s, and as Go does otherwise.
func (d Duration) String() string {
	t := time.Duration(d)
	switch {
	case t%time.Second == 0:
		return fmt.Sprintf("%ds", t/time.Second)
	case t%time.Millisecond == 0:
		return fmt.Sprintf("%dms", t/time.Millisecond)
	}
	return t.String()
}

// MarshalYAML writes d as String does.
func (d Duration) MarshalYAML() (any, error) { return d.String(), nil }

// UnmarshalYAML reads what [time.ParseDuration] reads. A number without a unit
// is an error that names the line.
func (d *Duration) UnmarshalYAML(node ast.Node) error {
	text := node.GetToken().Value
	t, err := time.ParseDuration(text)
	if err != nil {
		return &yaml.SyntaxError{
			Message: fmt.Sprintf("%q is no duration; write a number and a unit: 500ms, 10s, 5m", text),
			Token:   node.GetToken(),
		}
	}
	*d = Duration(t)
	return nil
}
