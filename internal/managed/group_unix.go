//go:build unix

package managed

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// group makes a command the leader of a process group of its own.
func group(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func terminate(cmd *exec.Cmd, mark string) { signal(cmd, mark, syscall.SIGTERM) }

func kill(cmd *exec.Cmd, mark string) { signal(cmd, mark, syscall.SIGKILL) }

func signal(cmd *exec.Cmd, mark string, s syscall.Signal) {
	_ = syscall.Kill(-cmd.Process.Pid, s)
	for _, pid := range strays(mark) {
		// Not those that have just had it: to many a second SIGTERM says not to end in order.
		if group, err := syscall.Getpgid(pid); err == nil && group != cmd.Process.Pid {
			_ = syscall.Kill(pid, s)
		}
	}
}

// alive reports whether somebody of the group is left, or has left it and runs on.
func alive(cmd *exec.Cmd, mark string) bool {
	return syscall.Kill(-cmd.Process.Pid, 0) == nil && !dead(cmd.Process.Pid) || len(strays(mark)) > 0
}

// dead reports whether all of a group have ended and only wait for somebody to ask how, which
// in many containers nobody does. It can be found out on Linux only.
func dead(group int) bool {
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range all {
		data, err := os.ReadFile(name) //nolint:gosec // of the kernel
		if err != nil {
			continue
		}
		// The name in brackets may hold anything; state, parent and group follow it.
		f := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
		if len(f) > 2 && string(f[2]) == strconv.Itoa(group) && string(f[0]) != "Z" && string(f[0]) != "X" {
			return false
		}
	}
	return len(all) > 0
}

// strays are the processes with a mark in their environment: all that was started by a command,
// and what has made itself independent of its group, as daemons do. They can be found on Linux only.
func strays(mark string) (out []int) {
	if mark == "" {
		return nil
	}
	all, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, name := range all {
		env, err := os.ReadFile(name) //nolint:gosec // of the kernel
		if err != nil || !bytes.Contains(env, []byte(mark)) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
			out = append(out, pid)
		}
	}
	return out
}
