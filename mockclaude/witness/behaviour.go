package witness

import (
	"errors"
	"fmt"
	"time"
)

// Behaviour is how the witness answers calls about one resource. The zero value
// answers with the resource, at once.
type Behaviour struct {
	// Status is answered in place of the resource, as an error of the API; 0 is
	// none. It is 400 to 599.
	Status int
	// Drop closes the connection without an answer.
	Drop bool
	// First limits Status and Drop to the first calls, so many; 0 is all of them.
	First int
	// RetryAfter goes with Status as the header Retry-After, in whole seconds; 0 is
	// no header.
	RetryAfter time.Duration
	// Delay passes before the answer.
	Delay time.Duration
}

// Validate names every wrong field.
func (b Behaviour) Validate() error {
	var errs []error
	if b.Status != 0 && (b.Status < 400 || b.Status > 599) {
		errs = append(errs, fmt.Errorf("status: %d is not from 400 to 599", b.Status))
	}
	if b.First < 0 {
		errs = append(errs, errors.New("first: negative"))
	}
	if b.First > 0 && b.Status == 0 && !b.Drop {
		errs = append(errs, errors.New("first: needs a status or drop, which it limits"))
	}
	if b.Drop && b.Status != 0 {
		errs = append(errs, errors.New("drop: excludes a status"))
	}
	if b.RetryAfter < 0 || b.Delay < 0 {
		errs = append(errs, errors.New("retry_after and delay: negative"))
	}
	return errors.Join(errs...)
}

// rule is the behaviour of one resource and how far it has come.
type rule struct {
	Behaviour
	calls    int
	released chan struct{} // closed when delays are cut short
}

// next gives the behaviour of the next call.
func (r *rule) next() Behaviour {
	r.calls++
	b := r.Behaviour
	if b.First > 0 && r.calls > b.First {
		b.Status, b.Drop, b.RetryAfter = 0, false, 0
	}
	return b
}

// Set makes calls about a resource be answered so; whatever was set for it
// before no longer counts.
func (w *Witness) Set(id string, b Behaviour) error {
	if err := b.Validate(); err != nil {
		return fmt.Errorf("set behaviour of %s: %w", id, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.release(id)
	w.rules[id] = &rule{Behaviour: b, released: make(chan struct{})}
	return nil
}

// Clear makes calls about a resource be answered with it, at once. Calls that are
// being delayed are answered now.
func (w *Witness) Clear(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.release(id)
	delete(w.rules, id)
}

func (w *Witness) release(id string) {
	if r := w.rules[id]; r != nil {
		close(r.released)
	}
}

// behaviour gives the behaviour of the next call about the first of ids that has
// one, and what cuts its delay short.
func (w *Witness) behaviour(ids []string) (Behaviour, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if r := w.rules[id]; r != nil {
			return r.next(), r.released
		}
	}
	return Behaviour{}, nil
}
