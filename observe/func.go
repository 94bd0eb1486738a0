package observe

import (
	"context"
	"fmt"
)

// Func is an observer that is asked in this process, as a test is that can see
// what its receiver did. It is given ids that are [Askable], each once.
type Func func(ctx context.Context, ids []string) (map[string]Effect, error)

// Kind is func.
func (Func) Kind() string { return "func" }

// Source says that there is no address.
func (Func) Source() string { return "in this process" }

// Effects asks the function. A negative count, an error and a panic of its own
// are an [*Error].
func (f Func) Effects(ctx context.Context, ids []string) (effects map[string]Effect, err error) {
	wrong := func(problem string, cause error) error {
		return &Error{Source: f.Source(), Problem: problem, Mend: "mend the function that observes", Err: cause}
	}
	defer func() {
		if p := recover(); p != nil {
			effects, err = nil, wrong(fmt.Sprintf("the function panicked: %v", p), nil)
		}
	}()
	effects, err = f(ctx, askable(ids))
	if err != nil {
		return nil, wrong("the function failed: "+err.Error(), err)
	}
	for id, effect := range effects {
		if effect.Processed < 0 {
			return nil, wrong(fmt.Sprintf("%d effects of %q", effect.Processed, id), nil)
		}
	}
	return effects, nil
}
