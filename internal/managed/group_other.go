//go:build !unix

package managed

import "os/exec"

// Without process groups only the command itself is ended, and in order it cannot be.

func group(*exec.Cmd) {}

func terminate(cmd *exec.Cmd, _ string) { _ = cmd.Process.Kill() }

func kill(cmd *exec.Cmd, _ string) { _ = cmd.Process.Kill() }

func alive(*exec.Cmd, string) bool { return false }

func newGuard(string, string) (*guard, error) { return &guard{}, nil }

type guard struct{}

func (*guard) watch(int) {}

func (*guard) release() {}

func elsewhere(string) string { return "" }

func ports(string) []string { return nil }
