package main

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode/utf8"
)

const tolerance = 5 * time.Minute

type event struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"`
	Timestamp string          `json:"timestamp"`
	RawData   json.RawMessage `json:"data"`
	Data      data            `json:"-"`

	at          time.Time
	task, state string // empty for types that are not known
}

type data struct {
	TaskID string          `json:"task_id"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// stateOf is what an event of a known type makes of its task.
func stateOf(eventType string) string {
	switch eventType {
	case "agent.task.completed":
		return "completed"
	case "agent.task.failed":
		return "failed"
	case "agent.task.timeout":
		return "timeout"
	}
	return ""
}

// parse reads the event in a verified body. Its errors quote nothing of it.
func parse(body []byte, now time.Time) (e event, err error) {
	if !utf8.Valid(body) || json.Unmarshal(body, &e) != nil {
		return e, errors.New("no JSON object of the right kinds")
	}
	if !key(e.ID) || !key(e.Type) {
		return e, errors.New("id or type is no text of 1 to 2048 bytes")
	}
	if e.at, err = time.Parse(time.RFC3339, e.Timestamp); err != nil {
		return e, errors.New("timestamp is not RFC 3339")
	}
	if age := now.Sub(e.at); age > tolerance || age < -tolerance {
		return e, errors.New("timestamp is not within 5 minutes of now")
	}
	if e.state = stateOf(e.Type); e.state == "" {
		return e, nil // noted, and nothing more
	}
	if json.Unmarshal(e.RawData, &e.Data) != nil || !key(e.Data.TaskID) {
		return e, errors.New("data.task_id is no text of 1 to 2048 bytes")
	}
	e.task = e.Data.TaskID
	return e, nil
}

// key reports whether s is fit to be a key. PostgreSQL takes no NUL, and U+FFFD is what
// encoding/json makes of anything that is no Unicode, so that two ids could become one.
func key(s string) bool {
	return s != "" && len(s) <= 2048 && !strings.ContainsAny(s, "\x00\ufffd")
}
