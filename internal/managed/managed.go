// Package managed starts a receiver by a command, stops it in order, kills it, and starts it
// again. Nothing of it is left when it is closed: the command and all that it started are one
// process group.
package managed

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	defaultReady = 30 * time.Second
	// poll is how often it is looked whether something listens, or is gone.
	poll = 20 * time.Millisecond
	// foreign is how long something must listen that is not seen to be of the command.
	foreign = 3 * time.Second
	// patience is how long what had the address before may take to be gone.
	patience = 3 * time.Second
	// tail is how much of the output an error quotes.
	tail = 2 << 10
)

// Config says how a receiver is started.
type Config struct {
	// Command is given to the shell (sh -c).
	Command string
	// Dir is where it is started, "" for here.
	Dir string
	// Env is added to the environment.
	Env []string
	// Address is where it must listen, as host:port.
	Address string
	// Ready bounds the wait for that; 0 is 30 s.
	Ready time.Duration
	// Scratch is a folder that is removed should hookdrill be killed, "" for none.
	Scratch string
}

// Validate names every wrong field.
func (c Config) Validate() error {
	var errs []error
	if strings.TrimSpace(c.Command) == "" {
		errs = append(errs, errors.New("command: empty"))
	}
	if _, _, err := net.SplitHostPort(c.Address); err != nil {
		errs = append(errs, fmt.Errorf("address: want host:port, have %q", c.Address))
	}
	if c.Ready < 0 {
		errs = append(errs, errors.New("ready: negative"))
	}
	return errors.Join(errs...)
}

// Receiver is a receiver that was started by a command. Its methods are for one goroutine.
type Receiver struct {
	cfg  Config
	log  *os.File
	mark string // in the environment of all that it starts

	mu     sync.Mutex
	cmd    *exec.Cmd
	guard  *guard
	ended  chan struct{} // closed when the command has ended
	failed error         // how it ended
}

// StartError says that a receiver did not start.
type StartError struct {
	Problem string
	// Output is the end of what it wrote. Untrusted.
	Output string
	// Busy is true when something else had its address, which is nobody's doing but the machine's.
	Busy bool
}

func (e *StartError) Error() string {
	if e.Output == "" {
		return "the receiver did not start: " + e.Problem + "; it wrote nothing"
	}
	return "the receiver did not start: " + e.Problem + "; it wrote:\n" + e.Output
}

// New makes a receiver that is not started yet. What it writes to stdout and stderr is
// appended to a file in a folder.
func New(cfg Config, dir string) (*Receiver, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("manage receiver: %w", err)
	}
	if cfg.Ready == 0 {
		cfg.Ready = defaultReady
	}
	log, err := os.OpenFile(filepath.Join(dir, "receiver.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // a folder of our own
	if err != nil {
		return nil, fmt.Errorf("manage receiver: %w", err)
	}
	return &Receiver{cfg: cfg, log: log, mark: "HOOKDRILL_RUN=" + rand.Text()}, nil
}

// LogFile is the file with what it wrote.
func (r *Receiver) LogFile() string { return r.log.Name() }

// Start starts it and waits until something listens at its address. The error is a
// [*StartError] unless ctx ended.
func (r *Receiver) Start(ctx context.Context) error {
	if r.Running() {
		return nil
	}
	if !vacant(ctx, r.cfg.Address) {
		return &StartError{Problem: "something listens at " + r.cfg.Address + " already", Busy: true}
	}
	r.forget()
	//nolint:gosec // the user's own command, on purpose
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "/bin/sh", "-c", r.cfg.Command) // outlives ctx, so that a run can end in order
	cmd.Dir, cmd.Env = r.cfg.Dir, append(append(os.Environ(), r.cfg.Env...), r.mark)
	cmd.Stdout, cmd.Stderr = r.log, r.log
	group(cmd)
	guard, err := newGuard(r.mark, r.cfg.Scratch)
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		guard.release()
		return &StartError{Problem: err.Error()}
	}
	guard.watch(cmd.Process.Pid)
	ended := make(chan struct{})
	r.mu.Lock()
	r.cmd, r.ended, r.guard = cmd, ended, guard
	r.mu.Unlock()
	go func() {
		err := cmd.Wait()
		r.mu.Lock()
		r.failed = err
		r.mu.Unlock()
		close(ended)
	}()
	if err := r.wait(ctx, cmd, ended); err != nil {
		r.kill()
		return err
	}
	return nil
}

// forget lets the guard of a receiver go that ended by itself: it would end the next one, which has the
// same mark.
func (r *Receiver) forget() {
	r.mu.Lock()
	guard := r.guard
	r.cmd, r.guard = nil, nil
	r.mu.Unlock()
	if guard != nil {
		guard.release()
	}
}

func (r *Receiver) wait(ctx context.Context, cmd *exec.Cmd, ended <-chan struct{}) error {
	limit := time.NewTimer(r.cfg.Ready)
	defer limit.Stop()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	var since time.Time // when something was first seen to listen
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("start receiver: %w", ctx.Err())
		case <-ended:
			if alive(cmd, r.mark) { // what it started runs on
				ended = nil
				continue
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			how := "it ended at once"
			if r.failed != nil {
				how = "it ended: " + r.failed.Error()
			}
			return &StartError{Problem: how, Output: r.output()}
		case <-limit.C:
			return &StartError{Problem: fmt.Sprintf("nothing listens at %s after %s; it is told its port in PORT, and --target says otherwise where it cannot be told%s", r.cfg.Address, r.cfg.Ready, elsewhere(r.mark)), Output: r.output()}
		case <-tick.C:
			if !listening(ctx, r.cfg.Address) {
				since = time.Time{}
				continue
			}
			if since.IsZero() {
				since = time.Now()
			}
			// Somebody else may have taken the port in this moment: then the command fails
			// soon. One that hands its port to another, such as docker, does not.
			if slices.Contains(ports(r.mark), r.port()) || time.Since(since) > foreign {
				return nil
			}
		}
	}
}

// LogEnd is the end of what it wrote, of so many bytes at most, and whether that is not all.
func (r *Receiver) LogEnd(most int64) (text string, cut bool, err error) {
	file, err := os.Open(r.log.Name())
	if err != nil {
		return "", false, fmt.Errorf("read receiver's log: %w", err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return "", false, fmt.Errorf("read receiver's log: %w", err)
	}
	from := max(0, info.Size()-most)
	data, err := io.ReadAll(io.NewSectionReader(file, from, most))
	if err != nil {
		return "", false, fmt.Errorf("read receiver's log: %w", err)
	}
	return string(data), from > 0, nil
}

func (r *Receiver) port() string {
	_, port, _ := net.SplitHostPort(r.cfg.Address) // Validate has looked
	return port
}

// output is the end of what it wrote.
func (r *Receiver) output() string {
	text, _, err := r.LogEnd(tail)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(text)
}

// vacant waits for a while until nothing listens at an address.
func vacant(ctx context.Context, address string) bool {
	limit := time.NewTimer(patience)
	defer limit.Stop()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for listening(ctx, address) {
		select {
		case <-tick.C:
		case <-limit.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
	return true
}

func listening(ctx context.Context, address string) bool {
	d := net.Dialer{Timeout: time.Second}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// Running reports whether the command runs.
func (r *Receiver) Running() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd == nil {
		return false
	}
	select {
	case <-r.ended:
		return alive(r.cmd, r.mark)
	default:
		return true
	}
}

// Stop asks it to end (SIGTERM) and waits until it and all that it started are gone, or the
// limit is over; then what is left is killed. It returns how long it took, and whether it ended by
// itself.
func (r *Receiver) Stop(limit time.Duration) (took time.Duration, inOrder bool, err error) {
	r.mu.Lock()
	cmd, ended := r.cmd, r.ended
	r.mu.Unlock()
	if cmd == nil {
		return 0, true, nil
	}
	began := time.Now()
	terminate(cmd, r.mark)
	inOrder = r.gone(cmd, ended, limit)
	took = time.Since(began)
	r.kill()
	return took, inOrder, nil
}

// Kills says that it can be killed.
func (r *Receiver) Kills() (can bool, why string) { return true, "" }

// Means says by what it is stopped and killed.
func (r *Receiver) Means() (stop, kill string) { return "SIGTERM", "SIGKILL" }

// Kill ends it and all that it started without warning (SIGKILL), and waits until they are
// gone.
func (r *Receiver) Kill() error {
	r.kill()
	return nil
}

func (r *Receiver) kill() {
	r.mu.Lock()
	cmd, ended, guard := r.cmd, r.ended, r.guard
	r.cmd, r.guard = nil, nil
	r.mu.Unlock()
	if cmd == nil {
		return
	}
	kill(cmd, r.mark)
	r.gone(cmd, ended, defaultReady)
	guard.release()
}

// gone waits until a command and its group are gone.
func (r *Receiver) gone(cmd *exec.Cmd, ended chan struct{}, limit time.Duration) bool {
	end := time.NewTimer(limit)
	defer end.Stop()
	select {
	case <-ended:
	case <-end.C:
		return false
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for alive(cmd, r.mark) {
		select {
		case <-tick.C:
		case <-end.C:
			return false
		}
	}
	return true
}

// Close kills what runs and closes the log.
func (r *Receiver) Close() error {
	r.kill()
	if err := r.log.Close(); err != nil {
		return fmt.Errorf("close receiver's log: %w", err)
	}
	return nil
}
