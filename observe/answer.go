package observe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// shapeError says what is wrong with a probe's JSON, and what would mend it.
type shapeError struct{ problem, mend string }

func (e *shapeError) Error() string { return e.problem + "; " + e.mend }

const mendShape = `answer {"events":{"<id>":{"processed":1}}}`

// parseAnswer reads a probe's body. Keys that it does not know are ignored.
func parseAnswer(body []byte) (map[string]Effect, error) {
	top, err := object("the answer", body)
	if err != nil {
		return nil, err
	}
	raw, ok := top["events"]
	if !ok {
		return nil, &shapeError{`the answer has no "events"`, mendShape}
	}
	entries, err := object(`"events"`, raw)
	if err != nil {
		return nil, err
	}
	effects := make(map[string]Effect, len(entries))
	for id, entry := range entries {
		effect, err := parseEffect(fmt.Sprintf("the entry %q", clean(id, maxStatus)), entry)
		if err != nil {
			return nil, err
		}
		effects[id] = effect
	}
	return effects, nil
}

func parseEffect(what string, raw json.RawMessage) (Effect, error) {
	fields, err := object(what, raw)
	if err != nil {
		return Effect{}, err
	}
	count, ok := fields["processed"]
	if !ok {
		return Effect{}, &shapeError{what + ` has no "processed"`, "say how often the event took effect, 0 for never"}
	}
	processed, err := strconv.ParseUint(string(count), 10, 31)
	if err != nil {
		return Effect{}, &shapeError{
			fmt.Sprintf(`%s has "processed": %s`, what, clean(string(count), maxStatus)),
			"processed is a whole number from 0 up, without quotes",
		}
	}
	effect := Effect{Processed: int(processed)}
	if status, ok := fields["status"]; ok && string(status) != "null" {
		var text string
		if err := json.Unmarshal(status, &text); err != nil {
			return Effect{}, &shapeError{
				fmt.Sprintf(`%s has "status": %s`, what, clean(string(status), maxStatus)),
				"status is a text such as completed; leave it out when there is none",
			}
		}
		effect.Status = clean(text, maxStatus)
	}
	return effect, nil
}

// object splits a JSON object into its fields. Unlike encoding/json it tells
// upper from lower case, and does not let a second value of a key win.
func object(what string, data []byte) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	open, err := dec.Token()
	if err != nil {
		return nil, &shapeError{what + " is no JSON", mendShape}
	}
	if open != json.Delim('{') {
		return nil, &shapeError{what + " is no JSON object", mendShape}
	}
	fields := map[string]json.RawMessage{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, &shapeError{what + " is no JSON", mendShape}
		}
		name, _ := key.(string) // a key of an object is nothing else
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, &shapeError{what + " is no JSON", mendShape}
		}
		if _, twice := fields[name]; twice {
			return nil, &shapeError{
				fmt.Sprintf("%s has the key %q twice", what, clean(name, maxStatus)), "give one entry for each id",
			}
		}
		fields[name] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, &shapeError{what + " breaks off", mendShape}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, &shapeError{what + " is followed by something else", mendShape}
	}
	return fields, nil
}
