package main

import (
	"context"
	crand "crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"hookdrill/contract"
	"hookdrill/internal/conformance"
	"hookdrill/internal/drill"
	"hookdrill/internal/faultproxy"
	"hookdrill/internal/managed"
	"hookdrill/reports"
)

// managedFlags are the flags of a receiver that hookdrill starts and stops.
type managedFlags struct {
	exec                       string
	startCmd, stopCmd, killCmd string
	execReady                  time.Duration
}

const execReadyDefault = 30 * time.Second

func (f *managedFlags) register(fl *pflag.FlagSet) {
	fl.StringVar(&f.exec, "exec", "", "`COMMAND` that starts the receiver; it is told its port in PORT, stopped, killed and started again")
	fl.StringVar(&f.startCmd, "start-cmd", "", "`COMMAND` that starts a receiver which is not a child of hookdrill, as with compose or systemd")
	fl.StringVar(&f.stopCmd, "stop-cmd", "", "`COMMAND` that stops it in order")
	fl.StringVar(&f.killCmd, "kill-cmd", "", "`COMMAND` that kills it without warning")
	fl.DurationVar(&f.execReady, "exec-ready", execReadyDefault, "how long the receiver may take to listen")
}

// hooked reports whether a receiver is started and stopped by commands.
func (f *managedFlags) hooked() bool { return f.startCmd != "" || f.stopCmd != "" || f.killCmd != "" }

// held reports whether the receiver is in hookdrill's hands.
func (f *managedFlags) held() bool { return f.exec != "" || f.hooked() }

// checkHooks names what is wrong with the hooks.
func (f *conformanceFlags) checkHooks() error {
	if !f.hooked() {
		return nil
	}
	const whole = "--target URL --start-cmd 'docker compose start app' --stop-cmd 'docker compose stop app' --kill-cmd 'docker compose kill app'"
	switch {
	case f.exec != "":
		return usage("", "--exec and --start-cmd, --stop-cmd, --kill-cmd exclude each other: hookdrill starts the receiver itself, or has it done")
	case f.target == "":
		return usage(whole, "--start-cmd and --stop-cmd need --target: hookdrill does not know where the receiver listens")
	case strings.TrimSpace(f.startCmd) == "":
		return usage(whole, "--start-cmd is missing: a receiver that is stopped or killed must be started again")
	case strings.TrimSpace(f.stopCmd) == "":
		return usage(whole, "--stop-cmd is missing: it stops the receiver in order; --kill-cmd alone is not enough")
	}
	return nil
}

// portMark stands for the receiver's port in --target and --observe.
const portMark = "{port}"

// place fills in where the receiver that hookdrill starts is to listen.
func (f *conformanceFlags) place(ctx context.Context) error {
	if err := f.checkHooks(); err != nil {
		return err
	}
	if f.exec == "" {
		if strings.Contains(f.target+f.observe, portMark) {
			return usage("--exec 'command'", "%s stands for the port of a receiver that hookdrill starts, and --exec is missing", portMark)
		}
		return nil
	}
	if f.target == "" {
		f.target = "http://127.0.0.1:" + portMark + "/webhooks/claude"
	}
	if !strings.Contains(f.target+f.observe, portMark) {
		return nil
	}
	port, err := freePortFor(ctx)
	if err != nil {
		return err
	}
	f.target, f.observe = strings.ReplaceAll(f.target, portMark, port), strings.ReplaceAll(f.observe, portMark, port)
	return nil
}

// The ports below those that systems give to whoever asks for any: while a receiver is down, its
// port must not become somebody else's.
const (
	leastPort = 20_000
	mostPort  = 32_767
	portTries = 50
)

// freePortFor finds a port for a receiver that is started later, and again and again.
func freePortFor(ctx context.Context) (string, error) {
	var last error
	for try := range portTries {
		want := leastPort + rand.IntN(mostPort-leastPort+1) //nolint:gosec // not a secret
		if try == portTries-1 {
			want = 0
		}
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(want)))
		if err != nil {
			last = err
			continue
		}
		_, port, err := net.SplitHostPort(listener.Addr().String())
		if err := errors.Join(err, listener.Close()); err != nil {
			return "", fmt.Errorf("find a free port: %w", err)
		}
		return port, nil
	}
	return "", fmt.Errorf("find a free port: %w", last)
}

// ownKey makes a key for the receiver that hookdrill starts, when none is configured.
func (f *conformanceFlags) ownKey(c *contract.Contract, s Streams) Streams {
	if f.exec == "" || f.keyEnv != "" || f.keyFile != "" {
		return s
	}
	if value, set := s.Env(c.Key.Env); set && value != "" {
		return s
	}
	var b [32]byte
	_, _ = crand.Read(b[:]) // it never fails
	key, env := hex.EncodeToString(b[:]), s.Env
	if c.Key.Derivation != contract.KeyWhole {
		key = newKey(c.Key)
	}
	s.Env = func(name string) (string, bool) {
		if name == c.Key.Env {
			return key, true
		}
		return env(name)
	}
	return s
}

// managedReceiver is the receiver that hookdrill holds for a run.
type managedReceiver struct {
	drill.Receiver
	process *managed.Receiver // nil when commands start and stop it
	wasUp   bool              // before the run, of one that commands start and stop
	proxy   *faultproxy.Proxy
	dir     string
	target  *url.URL
	ready   time.Duration
	never   bool // it answers a GET with 503 however long one waits
}

// Start starts it and waits until it is ready.
func (r *managedReceiver) Start(ctx context.Context) error {
	if err := r.Receiver.Start(ctx); err != nil {
		return err //nolint:wrapcheck // it says what failed
	}
	if !r.never {
		r.never = !answers(ctx, r.target, r.ready)
	}
	return nil
}

// startManaged starts the receiver, with a proxy in front of its database and more in its
// environment.
func (f *conformanceFlags) startManaged(ctx context.Context, cfg *conformance.Config, s Streams, more []string) (*managedReceiver, error) {
	flag := "--exec"
	if f.hooked() {
		flag = "--start-cmd"
	}
	if len(cfg.Further) > 0 {
		return nil, usage("", "%s starts one receiver, and --target names %d", flag, 1+len(cfg.Further))
	}
	r := &managedReceiver{target: cfg.Target, ready: f.execReady}
	if err := f.prepare(r, cfg, s, more); err != nil { //nolint:contextcheck // the proxy outlives ctx, so that a run can end in order
		r.end(ctx)
		return nil, err
	}
	r.wasUp = r.process == nil && r.Running()
	if err := r.Start(ctx); err != nil {
		r.end(ctx)
		if ctx.Err() != nil {
			return nil, exitError(reports.ExitIncomplete)
		}
		if _, named := errors.AsType[*managed.HookError](err); named { // it names its flag
			return nil, usage("", "%w", err)
		}
		return nil, usage("", "%s: %w", flag, err)
	}
	return r, nil
}

// prepare makes everything that the receiver needs, and does not start it.
func (f *conformanceFlags) prepare(r *managedReceiver, cfg *conformance.Config, s Streams, more []string) (err error) {
	address := address(cfg.Target)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("start receiver: %w", err)
	}
	env := []string{"PORT=" + port, cfg.Contract.Key.Env + "=" + string(cfg.Keys.Current), "HOOKDRILL_TARGET=" + cfg.Target.String()}
	env = append(env, more...)
	if database, set := s.Env(databaseURL); set && database != "" && !faultproxy.Local(database) {
		if r.proxy, err = faultproxy.New(database); err != nil {
			return usage("unset "+databaseURL+", or name another", "%s: %w", databaseURL, err)
		}
		env = append(env, databaseURL+"="+r.proxy.URL())
	}
	if f.hooked() {
		r.Receiver, err = managed.NewHooks(managed.HooksConfig{
			Start: f.startCmd, Stop: f.stopCmd, Kill: f.killCmd, Env: env, Address: address, Ready: f.execReady,
		})
		if err != nil {
			return usage("", "%w", err)
		}
		return nil
	}
	if r.dir, err = os.MkdirTemp("", "hookdrill-"); err != nil {
		return fmt.Errorf("start receiver: %w", err)
	}
	r.process, err = managed.New(managed.Config{Command: f.exec, Env: env, Address: address, Ready: f.execReady, Scratch: r.dir}, r.dir)
	if err != nil {
		return usage("", "--exec: %w", err)
	}
	r.Receiver = r.process
	return nil
}

// end leaves things as they were: a receiver that hookdrill started is stopped, and one that ran
// before runs again.
func (r *managedReceiver) end(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	switch {
	case r.process != nil:
		_, _, _ = r.process.Stop(5 * time.Second)
		_ = r.process.Close()
	case r.Receiver != nil && r.wasUp:
		_ = r.Start(ctx)
	case r.Receiver != nil && r.Running():
		_, _, _ = r.Stop(5 * time.Second)
	}
	if r.proxy != nil {
		r.proxy.Close()
	}
	if r.dir != "" {
		_ = os.RemoveAll(r.dir)
	}
}

// mostLog is how much of what the receiver wrote is kept, in bytes: the end of it.
const mostLog = 8 << 20

// keepLog writes what the receiver wrote to the report's folder, without secrets.
func (r *managedReceiver) keepLog(dir string, redact func(string) string) error {
	if r.process == nil {
		return nil
	}
	text, cut, err := r.process.LogEnd(mostLog)
	if err != nil {
		return err //nolint:wrapcheck // it says what failed
	}
	if cut { // within a line, and perhaps within a secret that would not be recognised
		_, text, _ = strings.Cut(text, "\n")
		text = "… what came before is left out by hookdrill\n" + text
	}
	if err := os.WriteFile(filepath.Join(dir, "receiver.log"), []byte(redact(text)), 0o600); err != nil {
		return fmt.Errorf("keep receiver's log: %w", err)
	}
	return nil
}

// drillable says, of a run with a receiver in hookdrill's hands, whether drills are part of it.
func (f *conformanceFlags) drillable() bool {
	return f.held() && (f.level == "" || f.level == string(contract.NeedManaged))
}

// execFlags are the flags that a repeat command passes on.
func (f *conformanceFlags) execFlags(add func(flag, value string)) {
	add("--exec", f.exec)
	add("--start-cmd", f.startCmd)
	add("--stop-cmd", f.stopCmd)
	add("--kill-cmd", f.killCmd)
	if f.settled {
		add("--settle", f.settle.String())
	}
	if f.held() && f.execReady != execReadyDefault {
		add("--exec-ready", f.execReady.String())
	}
}
