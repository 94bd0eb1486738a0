package reference

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// managedAgents is the published contract of Claude's Managed Agents. Its
// events are thin: they name a resource, which is fetched (fetch.go).
func managedAgents() Contract {
	return Contract{
		Name: "claude-managed-agents", Path: "/webhooks/claude", KeyEnv: "ANTHROPIC_WEBHOOK_SIGNING_KEY",
		derive: decodedKey, claims: standardWebhooks("webhook"), encode: base64MAC,
		// created_at is when the state changed. A retry carries it unchanged, and a
		// delivery may be held up for hours: only the header says when it was sent.
		read: readManagedAgents, stamp: stampInHeader,
		thin: true, types: managedTypes(),
	}
}

// managedTypes are the documented types.
func managedTypes() []string {
	var types []string
	for _, kind := range []struct{ of, states string }{
		{"session", "status_run_started status_idled budget_reached status_rescheduled status_terminated thread_created " +
			"thread_idled thread_terminated outcome_evaluation_ended updated deleted"},
		{"vault", "created archived deleted"},
		{"vault_credential", "created archived deleted refresh_failed"},
		{"agent", "created updated archived deleted"},
		{"deployment", "created updated paused unpaused archived deleted"},
		{"deployment_run", "started succeeded failed"},
		{"environment", "created updated archived deleted"},
		{"memory_store", "created archived deleted"},
	} {
		for state := range strings.FieldsSeq(kind.states) {
			types = append(types, kind.of+"."+state)
		}
	}
	return types
}

func readManagedAgents(claimed claim, _ http.Header, body []byte) (letter, error) {
	if err := checkName(claimed.id, "webhook_id"); err != nil {
		return letter{}, err
	}
	fields, err := object(body, "id", "type", "created_at", "data")
	if err != nil {
		return letter{}, err
	}
	event := Event{Payload: body}
	if event.ID, err = name(fields, "id"); err != nil {
		return letter{}, err
	}
	// Both are signed, so they can differ only by a mistake of the sender's. Which
	// of the two its retries would keep is then anybody's guess.
	if event.ID != claimed.id {
		return letter{}, malformed("id_differs_from_header")
	}
	if event.Type, err = name(fields, "type"); err != nil {
		return letter{}, err
	}
	if event.Timestamp, err = moment(fields, "created_at"); err != nil {
		return letter{}, err
	}
	if event.Type != "event" { // an envelope of another kind: whatever its data is, it is acknowledged
		return letter{event: event}, nil
	}
	data, err := inner(fields, "data", "id", "type", "session_thread_id", "vault_id")
	if err != nil {
		return letter{}, err
	}
	if event.Type, err = name(data, "type"); err != nil {
		return letter{}, err
	}
	if !slices.Contains(managedTypes(), event.Type) {
		return letter{event: event}, nil
	}
	if event.TaskID, err = name(data, "id"); err != nil {
		return letter{}, err
	}
	event.Status = lastPart(event.Type)
	resource := resourceOf(event, data)
	if thread := perhaps(data, "session_thread_id"); strings.HasPrefix(event.Type, "session.thread_") && thread != "" {
		event.TaskID = thread // the state is the thread's; its session goes on
	}
	event.Fetch = resource
	return letter{event: event}, nil
}

// resourceOf is the path of what an event is about; "" if there is nothing to
// fetch, or an id that cannot be put into a path.
func resourceOf(event Event, data map[string]json.RawMessage) string {
	kind, state, _ := strings.Cut(event.Type, ".")
	if state == "deleted" {
		return ""
	}
	id := event.TaskID
	switch kind {
	case "session":
		if strings.HasPrefix(state, "thread_") {
			return apiPath("sessions", id, "threads", perhaps(data, "session_thread_id"))
		}
		return apiPath("sessions", id)
	case "vault_credential":
		return apiPath("vaults", perhaps(data, "vault_id"), "credentials", id)
	case "vault", "agent", "deployment", "deployment_run", "environment", "memory_store":
		return apiPath(kind+"s", id)
	}
	return ""
}
