package suites

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"hookdrill/internal/record"
	"hookdrill/reports"
)

// maxLog bounds how much of a log is read, in bytes.
const maxLog = 256 << 20

// readLog decides the requirement with the given id by the target's log.
func (r *Runner) readLog(id string) record.Decision {
	if r.cfg.LogFile == "" {
		return decision(reports.NotObserved, "the receiver's log", "", "no log file was given (--log FILE)")
	}
	f, err := os.Open(r.cfg.LogFile)
	if err != nil {
		return decision(reports.NotObserved, "the receiver's log", "", "the log file cannot be read: "+err.Error())
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(io.LimitReader(f, maxLog))
	lines.Buffer(nil, 4<<20)
	n, secrets, other, bad := 0, 0, 0, 0
	for lines.Scan() {
		n++
		text := lines.Text()
		if r.cfg.Secrets(text) {
			secrets++
		}
		var object map[string]any
		if json.Unmarshal([]byte(text), &object) != nil {
			other++
		} else if refusalLine(object) {
			bad++
		}
	}
	if err := lines.Err(); err != nil {
		return decision(reports.NotExercised, "the receiver's log", err.Error(), "the log could not be read to its end")
	}
	if n == 0 {
		return decision(reports.NotObserved, "the receiver's log", "empty", "the log holds no line, so there was nothing to look at")
	}
	if id == "OBS-01" {
		const want = "neither the key nor a valid signature"
		if secrets > 0 {
			return decision(reports.Fail, want, fmt.Sprintf("%d of %d lines hold one", secrets, n), "whoever reads the log can forge events")
		}
		return decision(reports.Pass, want, fmt.Sprintf("%d lines without", n), "")
	}
	const want = "one JSON object a line; refusals are there"
	switch {
	case other > 0:
		return decision(reports.Fail, want, fmt.Sprintf("%d of %d lines are no JSON object", other, n), "a log that machines cannot read raises no alarm")
	case bad == 0:
		return decision(reports.Fail, want, fmt.Sprintf("%d lines, none about a refusal", n), "an attack, or a key that was changed on one side only, leaves no trace")
	}
	return decision(reports.Pass, want, fmt.Sprintf("%d lines, %d about refusals", n, bad), "")
}

// refusalLine reports whether a log line tells of a refusal: it has a level of
// warning or above, or a status from 400 to 499.
func refusalLine(line map[string]any) bool {
	for name, value := range line {
		switch v := value.(type) {
		case float64:
			if v >= 400 && v < 500 && (name == "status" || name == "status_code" || name == "code" || name == "http_status") {
				return true
			}
			if name == "level" && v >= 40 { // bunyan and pino: 40 is warn
				return true
			}
		case string:
			switch v {
			case "WARN", "WARNING", "ERROR", "warn", "warning", "error":
				if name == "level" || name == "levelname" || name == "severity" {
					return true
				}
			}
		}
	}
	return false
}
