package main

import (
	"bytes"
	"sync"
)

// waiting is a console that tells when a text has come.
type waiting struct {
	want []byte
	came chan struct{}

	mu   sync.Mutex
	buf  bytes.Buffer
	told bool
}

func (w *waiting) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf.Write(p)
	if !w.told && bytes.Contains(w.buf.Bytes(), w.want) {
		w.told = true
		close(w.came)
	}
	return len(p), nil
}

func (w *waiting) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}
