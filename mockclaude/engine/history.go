package engine

// history is what the engine remembers of what is over. Each of its parts is
// bounded in number and in bytes, and forgets the oldest first.
type history struct {
	limit, bytes int

	done fifo[*item] // delivered or canceled
	dead fifo[*item] // abandoned
	made fifo[Attempt]
}

// fifo is a queue that knows how large the texts in it are.
type fifo[T any] struct {
	items []T
	head  int
	size  int
}

func (f *fifo[T]) len() int { return len(f.items) - f.head }

func (f *fifo[T]) push(v T, size int) {
	if f.head > 1024 && f.head > len(f.items)/2 {
		f.items = append([]T(nil), f.items[f.head:]...)
		f.head = 0
	}
	f.items = append(f.items, v)
	f.size += size
}

func (f *fifo[T]) pop(size func(T) int) T {
	v := f.items[f.head]
	var zero T
	f.items[f.head] = zero
	f.head++
	f.size -= size(v)
	return v
}

func (f *fifo[T]) all() []T { return f.items[f.head:] }

// keep puts a finished delivery into the history.
func (e *Engine) keep(it *item) {
	h := &e.history
	f := &h.done
	if it.state == abandoned {
		f = &h.dead
	}
	f.push(it, it.size())
	for f.len() > h.limit || f.size > h.bytes && f.len() > 1 {
		old := f.pop((*item).size)
		delete(e.items, old.id)
		e.counters.Stats.DroppedDeliveries++
		e.unsaved.forget(e.cfg.Journal != nil, old)
	}
}

// remember records an attempt that has ended.
func (e *Engine) remember(a Attempt) {
	e.counters.LastAttempt++
	a.ID = e.counters.LastAttempt
	e.enlist(a)
	if e.cfg.Journal != nil {
		e.unsaved.attempts = append(e.unsaved.attempts, a)
		e.unsaved.call()
	}
	e.tell(Update{Attempt: &a})
}

// enlist puts an attempt into the history.
func (e *Engine) enlist(a Attempt) {
	h := &e.history
	h.made.push(a, a.size())
	for h.made.len() > h.limit || h.made.size > h.bytes && h.made.len() > 1 {
		old := h.made.pop(Attempt.size)
		e.counters.Stats.DroppedAttempts++
		if e.cfg.Journal != nil {
			e.unsaved.forgetAttempts = append(e.unsaved.forgetAttempts, old.ID)
		}
	}
}

func (a Attempt) size() int {
	const rest = 512
	return rest + len(a.Request) + len(a.Response) + len(a.ErrText) + len(a.Why) + len(a.Location) + len(a.Server)
}
