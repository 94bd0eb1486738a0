package main

import (
	"context"
	crand "crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"hookdrill/contract"
	"hookdrill/internal/conformance"
	"hookdrill/internal/faultproxy"
	"hookdrill/internal/managed"
	"hookdrill/reports"
)

// managedFlags are the flags of a receiver that hookdrill starts itself.
type managedFlags struct {
	exec      string
	execReady time.Duration
}

func (f *managedFlags) register(fl *pflag.FlagSet) {
	fl.StringVar(&f.exec, "exec", "", "`COMMAND` that starts the receiver; it is told its port in PORT, stopped, killed and started again")
	fl.DurationVar(&f.execReady, "exec-ready", 30*time.Second, "how long the receiver may take to listen")
}

// portMark stands for the receiver's port in --target and --observe.
const portMark = "{port}"

// place fills in where the receiver that hookdrill starts is to listen.
func (f *conformanceFlags) place(ctx context.Context) error {
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
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("find a free port: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err := errors.Join(err, listener.Close()); err != nil {
		return fmt.Errorf("find a free port: %w", err)
	}
	f.target, f.observe = strings.ReplaceAll(f.target, portMark, port), strings.ReplaceAll(f.observe, portMark, port)
	return nil
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
	s.Env = func(name string) (string, bool) {
		if name == c.Key.Env {
			return key, true
		}
		return env(name)
	}
	return s
}

// managedReceiver is the receiver that hookdrill started for a run.
type managedReceiver struct {
	*managed.Receiver
	proxy *faultproxy.Proxy
	dir   string
}

// startManaged starts the receiver, with a proxy in front of its database.
func (f *conformanceFlags) startManaged(ctx context.Context, cfg *conformance.Config, s Streams) (*managedReceiver, error) {
	if len(cfg.Further) > 0 {
		return nil, usage("", "--exec starts one receiver, and --target names %d", 1+len(cfg.Further))
	}
	address := address(cfg.Target)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("start receiver: %w", err)
	}
	env := []string{"PORT=" + port, cfg.Contract.Key.Env + "=" + string(cfg.Keys.Current), "HOOKDRILL_TARGET=" + cfg.Target.String()}
	r := &managedReceiver{}
	if database, set := s.Env(databaseURL); set && database != "" {
		if r.proxy, err = faultproxy.New(database); err != nil {
			return nil, usage("", "%s: %w", databaseURL, err)
		}
		env = append(env, databaseURL+"="+r.proxy.URL())
	}
	if r.dir, err = os.MkdirTemp("", "hookdrill-"); err != nil {
		r.end()
		return nil, fmt.Errorf("start receiver: %w", err)
	}
	if r.Receiver, err = managed.New(managed.Config{Command: f.exec, Env: env, Address: address, Ready: f.execReady}, r.dir); err != nil {
		r.end()
		return nil, usage("", "--exec: %w", err)
	}
	if err := r.Start(ctx); err != nil {
		r.end()
		if ctx.Err() != nil {
			return nil, exitError(reports.ExitIncomplete)
		}
		return nil, usage("", "--exec: %w", err)
	}
	return r, nil
}

// end stops the receiver and removes what it left.
func (r *managedReceiver) end() {
	if r.Receiver != nil {
		r.Stop(5 * time.Second)
		_ = r.Close()
	}
	if r.proxy != nil {
		r.proxy.Close()
	}
	if r.dir != "" {
		_ = os.RemoveAll(r.dir)
	}
}

// keepLog writes what the receiver wrote to the report's folder, without secrets.
func (r *managedReceiver) keepLog(dir string, redact func(string) string) error {
	data, err := os.ReadFile(r.LogFile())
	if err != nil {
		return fmt.Errorf("read receiver's log: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "receiver.log"), []byte(redact(string(data))), 0o600); err != nil {
		return fmt.Errorf("keep receiver's log: %w", err)
	}
	return nil
}

// drillable says, of a run with --exec, whether drills are part of it.
func (f *conformanceFlags) drillable() bool {
	return f.exec != "" && (f.level == "" || f.level == string(contract.NeedManaged))
}

// execFlags are the flags that a repeat command passes on.
func (f *conformanceFlags) execFlags(add func(flag, value string)) {
	add("--exec", f.exec)
	if f.exec != "" && f.execReady != 30*time.Second {
		add("--exec-ready", f.execReady.String())
	}
}
