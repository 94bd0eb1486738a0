package observe_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"hookdrill/observe"
)

func TestFunc(t *testing.T) {
	t.Parallel()
	var asked []string
	f := observe.Func(func(_ context.Context, ids []string) (map[string]observe.Effect, error) {
		asked = ids
		return map[string]observe.Effect{"a": {Processed: 2, Status: "completed"}}, nil
	})
	got, err := f.Effects(t.Context(), []string{"a", "b", "a", "", "c\x00"})
	if err != nil || got["a"] != (observe.Effect{Processed: 2, Status: "completed"}) {
		t.Errorf("Effects() = %v, %v", got, err)
	}
	if !slices.Equal(asked, []string{"a", "b"}) {
		t.Errorf("asked about %q", asked)
	}
}

func TestFuncFails(t *testing.T) {
	t.Parallel()
	gone := errors.New("the table is gone")
	for want, f := range map[string]observe.Func{
		"the table is gone":      func(context.Context, []string) (map[string]observe.Effect, error) { return nil, gone },
		"panicked: out of range": func(context.Context, []string) (map[string]observe.Effect, error) { panic("out of range") },
		`-1 effects of "a"`: func(context.Context, []string) (map[string]observe.Effect, error) {
			return map[string]observe.Effect{"a": {Processed: -1}}, nil
		},
	} {
		_, err := f.Effects(t.Context(), []string{"a"})
		var mine *observe.Error
		if !errors.As(err, &mine) || !strings.Contains(err.Error(), want) {
			t.Errorf("Effects() = %v, want %q", err, want)
		}
	}
}
