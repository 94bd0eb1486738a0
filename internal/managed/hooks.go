package managed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"
)

// hookLimit bounds a hook beyond what it is given: a receiver that may take its time to stop.
const hookLimit = 2 * time.Minute

// HooksConfig says by which commands a receiver that somebody else runs is started, stopped and
// killed. Each is given to the shell, and is done when it ends.
type HooksConfig struct {
	Start, Stop string
	// Kill ends it without warning; "" where that cannot be done.
	Kill string
	// Env is added to the environment of each.
	Env []string
	// Address is where it listens, as host:port.
	Address string
	// Ready bounds the wait for that; 0 is 30 s.
	Ready time.Duration
}

// Validate names every wrong field.
func (c HooksConfig) Validate() error {
	var errs []error
	for name, command := range map[string]string{"start": c.Start, "stop": c.Stop} {
		if strings.TrimSpace(command) == "" {
			errs = append(errs, fmt.Errorf("%s: empty", name))
		}
	}
	if _, _, err := net.SplitHostPort(c.Address); err != nil {
		errs = append(errs, fmt.Errorf("address: want host:port, have %q", c.Address))
	}
	if c.Ready < 0 {
		errs = append(errs, errors.New("ready: negative"))
	}
	return errors.Join(errs...)
}

// Hooks is a receiver in somebody else's hands, such as compose's, systemd's or Kubernetes'.
// Whether it runs is known by whether something listens. Its methods are for one goroutine.
type Hooks struct{ cfg HooksConfig }

// NewHooks makes it; nothing is run.
func NewHooks(cfg HooksConfig) (*Hooks, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("manage receiver: %w", err)
	}
	if cfg.Ready == 0 {
		cfg.Ready = defaultReady
	}
	return &Hooks{cfg: cfg}, nil
}

// HookError says that a hook failed.
type HookError struct {
	// Flag is the hook's flag, such as --stop-cmd.
	Flag, Problem string
	// Output is the end of what it wrote. Untrusted.
	Output string
}

func (e *HookError) Error() string {
	if e.Output == "" {
		return e.Flag + ": " + e.Problem
	}
	return e.Flag + ": " + e.Problem + "; it wrote:\n" + e.Output
}

// run runs a hook to its end.
func (h *Hooks) run(ctx context.Context, flag, command string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command) //nolint:gosec // the user's own command, on purpose
	cmd.Env = append(os.Environ(), h.cfg.Env...)
	group(cmd)
	cmd.Cancel = func() error { kill(cmd, ""); return nil }
	cmd.WaitDelay = time.Second // what it left running may keep its output open
	out := &ending{}
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return nil
	case ctx.Err() != nil:
		return &HookError{flag, fmt.Sprintf("it did not end within %s", limit), out.String()}
	}
	return &HookError{flag, "it ended with " + strings.TrimPrefix(err.Error(), "exit ") + " (" + command + ")", out.String()}
}

// Running reports whether something listens.
func (h *Hooks) Running() bool { return listening(context.Background(), h.cfg.Address) }

// Start runs the hook and waits until something listens. The error is a [*HookError] or a
// [*StartError] unless ctx ended.
func (h *Hooks) Start(ctx context.Context) error {
	if listening(ctx, h.cfg.Address) {
		return nil
	}
	if err := h.run(ctx, "--start-cmd", h.cfg.Start, h.cfg.Ready+hookLimit); err != nil {
		return err
	}
	if !h.await(ctx, true, h.cfg.Ready) {
		if ctx.Err() != nil {
			return fmt.Errorf("start receiver: %w", ctx.Err())
		}
		return &StartError{Problem: fmt.Sprintf("nothing listens at %s %s after --start-cmd", h.cfg.Address, h.cfg.Ready)}
	}
	return nil
}

// await waits until something listens, or nothing does.
func (h *Hooks) await(ctx context.Context, up bool, limit time.Duration) bool {
	end := time.NewTimer(limit)
	defer end.Stop()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for listening(ctx, h.cfg.Address) != up {
		select {
		case <-tick.C:
		case <-end.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// Stop runs the hook and waits until nothing listens. A receiver that still does after the
// limit is killed, where there is a hook for that.
func (h *Hooks) Stop(limit time.Duration) (took time.Duration, inOrder bool, err error) {
	began := time.Now()
	ctx := context.Background()
	if err := h.run(ctx, "--stop-cmd", h.cfg.Stop, limit+hookLimit); err != nil {
		return time.Since(began), false, err
	}
	gone := h.await(ctx, false, max(limit-time.Since(began), time.Second))
	took = time.Since(began)
	if !gone && h.cfg.Kill != "" {
		err = h.Kill()
	}
	return took, gone && took <= limit, err
}

// Kills says whether there is a hook for it.
func (h *Hooks) Kills() (can bool, why string) {
	return h.cfg.Kill != "", "how the receiver is killed without warning is not said (--kill-cmd)"
}

// Means says by what it is stopped and killed.
func (h *Hooks) Means() (stop, kill string) { return "--stop-cmd", "--kill-cmd" }

// Kill runs the hook and waits until nothing listens.
func (h *Hooks) Kill() error {
	ctx := context.Background()
	if err := h.run(ctx, "--kill-cmd", h.cfg.Kill, hookLimit); err != nil {
		return err
	}
	if !h.await(ctx, false, defaultReady) {
		return &HookError{Flag: "--kill-cmd", Problem: fmt.Sprintf("something still listens at %s %s after it", h.cfg.Address, defaultReady)}
	}
	return nil
}

// ending keeps the end of what is written to it.
type ending struct{ buf bytes.Buffer }

func (e *ending) Write(p []byte) (int, error) {
	e.buf.Write(p)
	if over := e.buf.Len() - tail; over > 0 {
		e.buf.Next(over)
	}
	return len(p), nil
}

func (e *ending) String() string { return strings.TrimSpace(e.buf.String()) }
