package reference

import "net/http"

func gitHub() Contract {
	return Contract{
		Name: "github", Path: "/webhooks/github", KeyEnv: "GITHUB_WEBHOOK_SECRET",
		derive: wholeKey, claims: bodyMAC("X-Hub-Signature-256", "sha256="), encode: hexMAC,
		read: readGitHub, stamp: stampNowhere,
	}
}

// gitHubSubjects are the members that may hold what an event is about, the most
// particular first: an event about a review holds its pull request as well.
func gitHubSubjects() []string {
	return []string{"check_run", "workflow_run", "release", "discussion", "pull_request", "issue", "repository"}
}

// readGitHub takes type and id from headers. GitHub signs neither, and no time:
// who captures a delivery can send it again under another id. Against that there
// is only TLS, and effects that bear repetition. A ping is an event like others.
func readGitHub(_ claim, header http.Header, body []byte) (letter, error) {
	fields, err := object(body, append(gitHubSubjects(), "action")...)
	if err != nil {
		return letter{}, err
	}
	event := Event{Payload: body}
	if event.ID, err = headerName(header, "X-GitHub-Delivery", "id"); err != nil {
		return letter{}, err
	}
	if event.Type, err = headerName(header, "X-GitHub-Event", "type"); err != nil {
		return letter{}, err
	}
	subject := ""
	for _, member := range gitHubSubjects() {
		if subject = perhaps(perhapsInner(fields, member, "node_id"), "node_id"); subject != "" {
			break
		}
	}
	return about(event, subject, perhaps(fields, "action")), nil
}
