package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"hookdrill/mockclaude"
)

// generator is a program that sends for a time.
type generator struct {
	name string
	args []string
}

func (g generator) missing() bool {
	_, err := exec.LookPath(g.args[0])
	return err != nil
}

// files are what generators read: a signed event that stays the same, and scripts.
type files struct{ dir, url, body, signature, targets, lua, k6 string }

func writeFiles(url string, s settings) (files, error) {
	dir, err := os.MkdirTemp("", "benchload-")
	if err != nil {
		return files{}, fmt.Errorf("make folder: %w", err)
	}
	mint, err := newMint()
	if err != nil {
		return files{}, err
	}
	body, fields := mint.Make(1, time.Now(), false)
	f := files{
		dir: dir, url: url, signature: string(fields[0].Value), body: filepath.Join(dir, "body.json"), targets: filepath.Join(dir, "targets"),
		lua: filepath.Join(dir, "event.lua"), k6: filepath.Join(dir, "event.js"),
	}
	header := mockclaude.Field{Name: "X-Claude-Signature", Value: f.signature}
	for name, text := range map[string]string{
		f.body:    string(body),
		f.targets: fmt.Sprintf("POST %s/\nContent-Type: application/json\n%s: %s\n@%s\n", url, header.Name, header.Value, f.body),
		f.lua: fmt.Sprintf("wrk.method = 'POST'\nwrk.body = %q\nwrk.headers['Content-Type'] = 'application/json'\nwrk.headers['%s'] = '%s'\n",
			body, header.Name, header.Value),
		f.k6: fmt.Sprintf("import http from 'k6/http';\nexport const options = {vus: %d, duration: '%s'};\nconst body = %q;\n"+
			"export default () => http.post('%s/', body, {headers: {'Content-Type': 'application/json', '%s': '%s'}});\n",
			s.conns, s.duration, body, url, header.Name, header.Value),
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return files{}, fmt.Errorf("write file: %w", err)
		}
	}
	return f, nil
}

// generators lists ours first.
func generators(f files, s settings) []generator {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	conns, d := strconv.Itoa(s.conns), s.duration.String()
	header := "X-Claude-Signature: " + f.signature
	return []generator{
		{"hookdrill, unique and signed", []string{self, "send", "-url", f.url, "-conns", conns, "-duration", d}},
		{"hookdrill, net/http's client", []string{self, "send", "-url", f.url, "-conns", conns, "-duration", d, "-ordinary"}},
		{"vegeta's command", []string{"vegeta", "attack", "-targets", f.targets, "-rate", "0", "-max-workers", conns, "-connections", conns, "-duration", d, "-output", os.DevNull}},
		{"k6", []string{"k6", "run", "--quiet", "--no-usage-report", f.k6}},
		{"hey", []string{"hey", "-z", d, "-c", conns, "-m", "POST", "-T", "application/json", "-H", header, "-D", f.body, f.url + "/"}},
		{"bombardier, fasthttp", []string{"bombardier", "--fasthttp", "-c", conns, "-d", d, "-m", "POST", "-f", f.body, "-H", header, "-H", "Content-Type: application/json", f.url + "/"}},
		{"wrk", []string{"wrk", "-t", "2", "-c", conns, "-d", d, "-s", f.lua, f.url + "/"}},
	}
}
