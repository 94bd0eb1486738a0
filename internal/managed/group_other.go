//go:build !unix

package managed

import "os/exec"

// Without process groups only the command itself is ended, and in order it cannot be.

func group(*exec.Cmd) {}

func terminate(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

func alive(*exec.Cmd) bool { return false }
