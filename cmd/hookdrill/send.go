package main

import (
	"context"
	crand "crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hookdrill/contract"
	"hookdrill/internal/plan"
	"hookdrill/internal/repeat"
	"hookdrill/mockclaude"
	"hookdrill/reports"
	"hookdrill/scenarios"
)

// sendFlags are the flags of hookdrill send.
type sendFlags struct {
	targetFlags
	typ, data, dataFile, id string
	set, remove             []string
	stamp                   string
	wrongKey, unsigned      bool
}

func sendCommand(s Streams) *cobra.Command {
	var f sendFlags
	cmd := &cobra.Command{
		Use: "send", Short: "Send one signed event, and print the answer and the curl command", Args: noOperands,
		Long: "Sends one event, signed at the moment of sending, and prints the answer and the equivalent curl command.\n\n" +
			"Exit: 0 a whole 2xx answer · 1 any other answer · 2 usage · 4 no answer.",
		Example: "  hookdrill send --target URL --type agent.task.failed\n" +
			"  hookdrill send --target URL --data '{\"task_id\":\"task_1\",\"result\":{\"ok\":true}}' --id evt_1\n" +
			"  hookdrill send --target URL --data-file - --set livemode=true --remove timestamp < data.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := layer(cmd, s); err != nil {
				return err
			}
			return f.run(cmd.Context(), s)
		},
	}
	fl := cmd.Flags()
	f.register(fl)
	f.registerPrevious(fl)
	fl.StringVar(&f.typ, "type", "", "event `TYPE` (default: the contract's first)")
	fl.StringVar(&f.data, "data", "", "the event's data, as `JSON`")
	fl.StringVar(&f.dataFile, "data-file", "", "`FILE` with the event's data, - for stdin")
	fl.StringVar(&f.id, "id", "", "event `ID` (default: a new one)")
	fl.StringArrayVar(&f.set, "set", nil, "set a field, as '`FIELD=VALUE`' (JSON, or else text; data.FIELD for one of data's); may be repeated")
	fl.StringArrayVar(&f.remove, "remove", nil, "leave a `FIELD` out; may be repeated")
	fl.StringVar(&f.stamp, "stamp", "", "move the timestamp by a `DURATION`, such as -10m")
	fl.BoolVar(&f.wrongKey, "wrong-key", false, "sign with another key")
	fl.BoolVar(&f.unsigned, "unsigned", false, "send no signature")
	return cmd
}

func (f *sendFlags) run(ctx context.Context, s Streams) error {
	if f.target == "" {
		return usage("hookdrill send --target http://127.0.0.1:8080/webhooks/claude", "send needs --target")
	}
	target, further, err := parseTargets("--target", f.target)
	if err != nil {
		return err
	}
	if len(further) > 0 {
		return usage("hookdrill send --target "+mockclaude.ShowURL(target.String()), "send takes one target, and %d are given", 1+len(further))
	}
	c, err := loadContract(f.contract)
	if err != nil {
		return err
	}
	keys, err := f.keys(c, s)
	if err != nil {
		return err
	}
	header, err := f.headers()
	if err != nil {
		return err
	}
	d, err := f.delivery(c, s)
	if err != nil {
		return err
	}
	sender, err := mockclaude.NewSender(mockclaude.SenderConfig{Target: target, Contract: c, Keys: keys, Header: header, Timeout: f.timeout, Now: time.Now})
	if err != nil {
		return usage("", "%w", err)
	}
	defer sender.Close()
	e := sender.Send(ctx, d)
	commands := repeat.Run{Target: target, Contract: c, KeyEnv: f.keyEnv, KeyFile: f.keyFile}
	curl := commands.Curl(plan.Delivery{Delivery: d}, e.Start)
	if curl != "" && target.String() != mockclaude.ShowURL(target.String()) {
		curl = "# put in again, for ***, what --target has there\n" + curl
	}
	return f.answer(s.Out, e, curl)
}

func (f *sendFlags) answer(w io.Writer, e mockclaude.Exchange, curl string) error {
	if e.Err == mockclaude.ErrHarness {
		return usage("", "%s", e.ErrText)
	}
	if err := show(w, "> %s\n", indent(e.Request, "> ")); err != nil {
		return err
	}
	if e.Status == 0 {
		if err := show(w, "\nno answer after %s: %s %s\n", e.Duration.Round(time.Millisecond), e.Err, reports.Clean(e.ErrText)); err != nil {
			return err
		}
	} else if err := show(w, "\n< %s\n\nanswered in %s\n", indent(e.Response, "< "), e.Duration.Round(10*time.Microsecond)); err != nil {
		return err
	}
	if e.Status != 0 && e.Err != "" {
		if err := show(w, "the answer was not read to its end: %s %s\n", e.Err, reports.Clean(e.ErrText)); err != nil {
			return err
		}
	}
	if curl != "" {
		if err := show(w, "\nThe same with curl:\n%s\n", curl); err != nil {
			return err
		}
	}
	broken := e.Err != "" && e.Err != mockclaude.ErrTooLarge // nobody has to read past the bound
	switch {
	case e.Status == 0:
		return exitError(reports.ExitUnreachable)
	case broken || e.Status < 200 || e.Status > 299:
		return exitError(reports.ExitNonconform)
	}
	return nil
}

func (f *sendFlags) delivery(c *contract.Contract, s Streams) (mockclaude.Delivery, error) {
	var d mockclaude.Delivery
	data, err := f.payload(s)
	if err != nil {
		return d, err
	}
	edits, err := f.edits()
	if err != nil {
		return d, err
	}
	typ := f.typ
	if typ == "" {
		typ = c.Types[0].Name
	}
	event, err := mockclaude.NewEvent(c, typ, newRand())
	if err != nil {
		return d, usage("", "--type: %w", err)
	}
	if f.id != "" {
		event.ID = f.id
	}
	body, err := plan.Compose(c, event, data, edits)
	if err != nil {
		return d, usage("", "%w", err)
	}
	d = mockclaude.Delivery{EventID: event.ID, Type: event.Type, TaskID: event.TaskID, Body: body}
	if f.stamp != "" {
		if d.Stamp.Offset, err = time.ParseDuration(f.stamp); err != nil {
			return d, usage("--stamp -10m", "--stamp: %w", err)
		}
	}
	switch {
	case f.unsigned && f.wrongKey:
		return d, usage("", "--unsigned and --wrong-key exclude each other")
	case f.unsigned:
		d.Sign.Mode = mockclaude.SignNone
	case f.wrongKey:
		d.Sign.Mode, d.Sign.Key = mockclaude.SignKey, "hookdrill-wrong-key"
	}
	return d, nil
}

func (f *sendFlags) payload(s Streams) (json.RawMessage, error) {
	text := []byte(f.data)
	switch {
	case f.data != "" && f.dataFile != "":
		return nil, usage("", "--data and --data-file are both given; give one")
	case f.dataFile == "-":
		read, err := io.ReadAll(s.In)
		if err != nil {
			return nil, fmt.Errorf("read stdin: %w", err)
		}
		text = read
	case f.dataFile != "":
		read, err := os.ReadFile(f.dataFile)
		if err != nil {
			return nil, usage("", "--data-file: %w", err)
		}
		text = read
	case f.data == "":
		return nil, nil
	}
	var parsed json.RawMessage
	if err := json.Unmarshal(text, &parsed); err != nil {
		return nil, usage(`--data '{"task_id":"task_1"}'`, "the event's data is not JSON: %w", err)
	}
	return json.RawMessage(strings.TrimSpace(string(text))), nil
}

func (f *sendFlags) edits() ([]scenarios.Edit, error) {
	var out []scenarios.Edit
	for _, s := range f.set {
		path, value, found := strings.Cut(s, "=")
		if !found || path == "" {
			return nil, usage("--set data.note=hello", "--set: %q is not of the form FIELD=VALUE", s)
		}
		if !json.Valid([]byte(value)) {
			text, err := json.Marshal(value)
			if err != nil {
				return nil, fmt.Errorf("write field: %w", err)
			}
			value = string(text)
		}
		out = append(out, scenarios.Edit{Set: path, To: value})
	}
	for _, path := range f.remove {
		out = append(out, scenarios.Edit{Remove: path})
	}
	return out, nil
}

func newRand() *rand.Rand {
	var seed [32]byte
	_, _ = crand.Read(seed[:])             // it never fails: it ends the program instead
	return rand.New(rand.NewChaCha8(seed)) //nolint:gosec // ids must be unique, not secret
}

// indent cleans a text from the other side, line by line, and marks its lines.
func indent(text, mark string) string {
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n"), "\n")
	for i, l := range lines {
		lines[i] = reports.Clean(l)
	}
	return strings.Join(lines, "\n"+mark)
}
