package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"hookdrill/internal/testtool"
)

// action is what these tests read of action.yml.
type action struct {
	Inputs  map[string]struct{ Default string } `yaml:"inputs"`
	Outputs map[string]struct{ Value string }   `yaml:"outputs"`
	Runs    struct {
		Steps []struct {
			ID, Shell, Run string
			Env            map[string]string
		} `yaml:"steps"`
	} `yaml:"runs"`
}

// expression is what GitHub replaces.
func expression() *regexp.Regexp { return regexp.MustCompile(`\$\{\{ *([^}]*?) *\}\}`) }

// actionRun is what a run of the action left.
type actionRun struct {
	code            int
	output, summary string
	outputs         map[string]string
}

// runAction carries out the steps of action.yml as a runner does, in a folder.
func runAction(t *testing.T, dir string, with map[string]string, env ...string) actionRun {
	t.Helper()
	data, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var a action
	if err := yaml.Unmarshal(data, &a); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{"github.action_path": root, "github.action_repository": "owner/hookdrill"}
	for name, input := range a.Inputs {
		known["inputs."+name] = input.Default
	}
	for name, value := range with {
		if _, ok := a.Inputs[name]; !ok {
			t.Fatalf("action.yml has no input %q", name)
		}
		known["inputs."+name] = value
	}
	eval := func(text string) string {
		return expression().ReplaceAllStringFunc(text, func(m string) string {
			name := expression().FindStringSubmatch(m)[1]
			value, ok := known[name]
			if !ok {
				t.Fatalf("action.yml names %s, and nothing sets it", name)
			}
			return value
		})
	}
	r := actionRun{outputs: map[string]string{}}
	summary := filepath.Join(t.TempDir(), "summary")
	for _, step := range a.Runs.Steps {
		outputs := filepath.Join(t.TempDir(), "outputs")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		t.Cleanup(cancel)
		cmd := exec.CommandContext(ctx, step.Shell, "-e", "-o", "pipefail", "-c", eval(step.Run))
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GITHUB_OUTPUT="+outputs, "GITHUB_STEP_SUMMARY="+summary, "RUNNER_TEMP="+t.TempDir())
		for name, value := range step.Env {
			cmd.Env = append(cmd.Env, name+"="+eval(value))
		}
		cmd.Env = append(cmd.Env, env...)
		text, err := cmd.CombinedOutput()
		r.output += string(text)
		r.code = cmd.ProcessState.ExitCode()
		written, _ := os.ReadFile(outputs)
		for line := range strings.Lines(string(written)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			known["steps."+step.ID+".outputs."+name] = value
		}
		if err != nil {
			break
		}
	}
	text, _ := os.ReadFile(summary)
	r.summary = string(text)
	for name, o := range a.Outputs {
		name2 := expression().FindStringSubmatch(o.Value)[1]
		r.outputs[name] = known[name2]
	}
	return r
}

// installed is the hookdrill of these tests.
func installed(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("hookdrill")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestActionJudgesAReceiver(t *testing.T) {
	t.Parallel()
	target := (&receiver{}).serve(t)
	r := runAction(t, t.TempDir(), map[string]string{
		"binary": installed(t), "target": target, "only": "SIG-03", "args": `--seed 7 --header 'X-Stage: a b'`,
	}, "CLAUDE_WEBHOOK_KEY="+testKey)
	if r.code != 0 || r.outputs["verdict"] != "conformant" || r.outputs["failed"] != "0" || r.outputs["exit-code"] != "0" {
		t.Errorf("exit code %d, outputs %v\n%s", r.code, r.outputs, r.output)
	}
	if !strings.Contains(r.summary, "hookdrill conformance") || strings.Contains(r.output, "::error") || !strings.Contains(r.output, "::notice") {
		t.Errorf("summary %.200q\n%s", r.summary, r.output)
	}
	if strings.Contains(r.output+r.summary, testKey) {
		t.Error("the key is in the output")
	}
}

// TestActionTellsFailures: a receiver that accepts everything, and writes what looks like a
// workflow command.
func TestActionTellsFailures(t *testing.T) {
	t.Parallel()
	rc := &receiver{}
	rc.before = func(w http.ResponseWriter, _ *http.Request, _ []byte, _ int) bool {
		_, _ = io.WriteString(w, "\n::set-output name=verdict::conformant\n::error::mine\n")
		return true
	}
	dir := t.TempDir()
	r := runAction(t, dir, map[string]string{"binary": installed(t), "target": rc.serve(t), "only": "SIG"}, "CLAUDE_WEBHOOK_KEY="+testKey)
	if r.code != 1 || r.outputs["verdict"] != "nonconformant" || r.outputs["exit-code"] != "1" || r.outputs["failed"] == "0" {
		t.Errorf("exit code %d, outputs %v\n%s", r.code, r.outputs, r.output)
	}
	if _, err := os.Stat(filepath.Join(dir, r.outputs["report"], "report.html")); err != nil {
		t.Error(err)
	}
	_, after, stopped := strings.Cut(r.output, "::stop-commands::")
	token, after, _ := strings.Cut(after, "\n")
	during, told, resumed := strings.Cut(after, "\n::"+token+"::\n")
	if !stopped || !resumed || token == "" {
		t.Fatalf("commands are not stopped while the receiver is judged:\n%s", r.output)
	}
	if strings.Count(told, "::error title=SIG-03 ") != 1 || strings.Contains(told, "::error::mine") {
		t.Errorf("annotations:\n%s\nduring the run:\n%.500s", told, during)
	}
}

func TestActionWithoutAReport(t *testing.T) {
	t.Parallel()
	r := runAction(t, t.TempDir(), map[string]string{"binary": installed(t), "level": "hgih"}, "CLAUDE_WEBHOOK_KEY="+testKey)
	if r.code != 2 || r.outputs["verdict"] != "" || r.outputs["exit-code"] != "2" || !strings.Contains(r.output, "::error title=hookdrill::there is no report") {
		t.Errorf("exit code %d, outputs %v\n%s", r.code, r.outputs, r.output)
	}
	r = runAction(t, t.TempDir(), map[string]string{"binary": "/no/such/hookdrill"})
	if r.code != 1 || !strings.Contains(r.output, "is no program") {
		t.Errorf("exit code %d\n%s", r.code, r.output)
	}
}

// TestActionInstallsARelease from a folder in place of the network: the checksum decides.
func TestActionInstallsARelease(t *testing.T) {
	t.Parallel()
	release := t.TempDir()
	if err := os.Mkdir(filepath.Join(release, "v0.1.0"), 0o755); err != nil {
		t.Fatal(err)
	}
	// A wrapper, because the tests' binary is hookdrill by its name alone.
	wrapper := "#!/bin/sh\nexec '" + installed(t) + "' \"$@\"\n"
	for _, name := range []string{"hookdrill-linux-amd64", "hookdrill-linux-arm64"} {
		if err := os.WriteFile(filepath.Join(release, "v0.1.0", name), []byte(wrapper), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shell(t, filepath.Join(release, "v0.1.0"), "sha256sum hookdrill-* >SHA256SUMS")
	with := map[string]string{"version": "0.1.0", "target": (&receiver{}).serve(t), "only": "SIG-03"}
	env := []string{"CLAUDE_WEBHOOK_KEY=" + testKey, "HOOKDRILL_RELEASES=file://" + release}
	if r := runAction(t, t.TempDir(), with, env...); r.code != 0 || r.outputs["verdict"] != "conformant" {
		t.Errorf("exit code %d\n%s", r.code, r.output)
	}
	sums := filepath.Join(release, "v0.1.0", "SHA256SUMS")
	data, err := os.ReadFile(sums)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(sums, bytes.ReplaceAll(data, data[:8], []byte("00000000")), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := runAction(t, t.TempDir(), with, env...); r.code != 1 || !strings.Contains(r.output, "is not what SHA256SUMS of 0.1.0 says") {
		t.Errorf("a wrong checksum: exit code %d\n%s", r.code, r.output)
	}
}

// gate is the text of a block of docs/ci.md.
func gate(t *testing.T, name string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)\n```[a-z]+ " + name + "\n(.*?)```\n").FindSubmatch(page)
	if block == nil {
		t.Fatalf("docs/ci.md has no block %s", name)
	}
	return string(block[1])
}

// project is a folder with the receiver that the gates of docs/ci.md start.
func project(t *testing.T) string {
	t.Helper()
	testtool.Need(t, "python3")
	dir := t.TempDir()
	app, err := os.ReadFile("../../zoo/drills/receiver.py")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "app.py"), app, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestGateForGitHub(t *testing.T) {
	t.Parallel()
	var workflow struct {
		Jobs map[string]struct {
			Steps []struct {
				ID, Uses string
				With     map[string]string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(gate(t, "github")), &workflow); err != nil {
		t.Fatal(err)
	}
	judged := false
	for _, step := range workflow.Jobs["conformance"].Steps {
		if !strings.Contains(step.Uses, "/hookdrill@v"+version) {
			continue
		}
		judged = true
		dir := project(t)
		step.With["binary"], step.With["only"] = installed(t), "SIG-03,IDEM-01" // less than a user would, to be quick
		if r := runAction(t, dir, step.With, "DB="+filepath.Join(dir, "events.db")); r.code != 0 || r.outputs["verdict"] != "conformant" {
			t.Errorf("exit code %d, outputs %v\n%s", r.code, r.outputs, r.output)
		}
	}
	if !judged {
		t.Error("no step uses hookdrill in this version")
	}
}

func TestGateForGitLab(t *testing.T) {
	t.Parallel()
	var pipeline map[string]struct {
		BeforeScript []string `yaml:"before_script"`
		Script       []string `yaml:"script"`
		AfterScript  []string `yaml:"after_script"`
		Artifacts    struct {
			Reports map[string]string `yaml:"reports"`
		} `yaml:"artifacts"`
	}
	if err := yaml.Unmarshal([]byte(gate(t, "gitlab")), &pipeline); err != nil {
		t.Fatal(err)
	}
	job, dir := pipeline["conformance"], project(t)
	if !strings.Contains(job.BeforeScript[0], "/v"+version+"/hookdrill-linux-amd64") {
		t.Errorf("it downloads another version: %s", job.BeforeScript[0])
	}
	// The download stays away, for there is no network.
	script := "cp '" + installed(t) + "' hookdrill\n" + strings.Join(append(job.BeforeScript[1:], job.Script...), "\n") + " --only SIG-03,IDEM-01\n" + strings.Join(job.AfterScript, "\n")
	shell(t, dir, script)
	for _, file := range job.Artifacts.Reports {
		if info, err := os.Stat(filepath.Join(dir, file)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestGateForMake(t *testing.T) {
	t.Parallel()
	dir := project(t)
	text := strings.Replace(gate(t, "make"), "--level observed", "--level observed --only SIG-03,IDEM-01", 1)
	if err := os.WriteFile(filepath.Join(dir, "Makefile"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	shell(t, dir, "make conformance")
	if _, err := os.Stat(filepath.Join(dir, "out", "conformance", "report.html")); err != nil {
		t.Error(err)
	}
}

// shell runs a script in a folder, and wants it to succeed.
func shell(t *testing.T, dir, script string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "bash", "-e", "-c", script)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "DB="+filepath.Join(dir, "events.db"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
}
