package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"hookdrill/internal/testtool"
)

// TestPanicIsHookdrillsFailure: Go would end a panic with the exit code that
// stands for a wrong flag.
func TestPanicIsHookdrillsFailure(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	code := Run(t.Context(), []string{"conformance", "--out", t.TempDir()}, Streams{
		In: strings.NewReader(""), Out: &stdout, Err: &stderr,
		Env: func(string) (string, bool) { panic("the environment \x1b is gone") },
	})
	if code != 5 || !strings.Contains(stderr.String(), `a defect of hookdrill: the environment \x1b is gone`) {
		t.Errorf("exit %d:\n%s", code, stderr.String())
	}
}

// TestConsoleThatTakesNothing: a run whose result nobody could read has failed,
// though the report is there.
func TestConsoleThatTakesNothing(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		testtool.Missing(t, err)
	}
	defer full.Close()
	cmd := command(t, t.TempDir(), nil, "conformance", "--target", (&receiver{}).serve(t), "--only", "SIG-12", "--quiet")
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = full, &stderr
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 5 || !strings.Contains(stderr.String(), "no space left") {
		t.Errorf("%v\n%s", err, stderr.String())
	}
}
