package reference

import "net/http"

// claude is the contract of the integration guide.
func claude() Contract {
	return Contract{
		Name: DefaultContract, Path: "/webhooks/claude", KeyEnv: "CLAUDE_WEBHOOK_KEY",
		derive: wholeKey, claims: bodyMAC("X-Claude-Signature", ""), encode: hexMAC,
		read: readClaude, stamp: stampInBody,
		types: []string{"agent.task.completed", "agent.task.failed", "agent.task.timeout"},
	}
}

// statusOf returns what a documented type makes of its task.
func statusOf(eventType string) (status string, documented bool) {
	switch eventType {
	case "agent.task.completed":
		return "completed", true
	case "agent.task.failed":
		return "failed", true
	case "agent.task.timeout":
		return "timeout", true
	default:
		return "", false
	}
}

func readClaude(_ claim, _ http.Header, body []byte) (letter, error) {
	fields, err := object(body, "id", "type", "timestamp", "data")
	if err != nil {
		return letter{}, err
	}
	event := Event{Payload: body}
	if event.ID, err = name(fields, "id"); err != nil {
		return letter{}, err
	}
	if event.Type, err = name(fields, "type"); err != nil {
		return letter{}, err
	}
	if event.Timestamp, err = moment(fields, "timestamp"); err != nil {
		return letter{}, err
	}
	status, documented := statusOf(event.Type)
	if !documented {
		return letter{event: event}, nil
	}
	data, err := inner(fields, "data", "task_id", "result", "error")
	if err != nil {
		return letter{}, err
	}
	if event.TaskID, err = name(data, "task_id"); err != nil {
		return letter{}, err
	}
	event.Status = status
	event.Result, event.Error = data["result"], data["error"]
	return letter{event: event}, nil
}
