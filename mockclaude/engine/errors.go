package engine

import "errors"

// What a caller may branch on.
var (
	// ErrUnknown: there is no such endpoint or delivery, or there is no longer.
	ErrUnknown = errors.New("not known")
	// ErrFull: as many deliveries are pending, or endpoints subscribed, as there may be.
	ErrFull = errors.New("full")
	// ErrClosed: the engine has stopped.
	ErrClosed = errors.New("stopped")
	// ErrConflict: not possible in the present state.
	ErrConflict = errors.New("not possible now")
)

// InvalidError says what is wrong with what the engine was given.
type InvalidError struct{ Field, Why string }

func (e *InvalidError) Error() string { return e.Field + ": " + e.Why }
