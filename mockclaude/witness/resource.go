package witness

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"time"
)

// object is a JSON object.
type object map[string]any

// resource is the resource of a kind with some ids, as the API would give it: the
// same for the same ids, but for its times.
func resource(f found, now time.Time) object {
	id := f.ids[len(f.ids)-1]
	drawn := func(prefix string) string {
		sum := sha256.Sum256([]byte(prefix + id))
		return prefix + hex.EncodeToString(sum[:12])
	}
	created, updated := now.Add(-time.Hour).UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339)
	o := object{"id": id, "type": f.kind.word, "created_at": created, "updated_at": updated, "archived_at": nil, "metadata": object{}}
	put := func(more object) { maps.Copy(o, more) }
	usage := object{"input_tokens": 5120, "output_tokens": 1310, "cache_read_input_tokens": 0}
	switch f.kind.word {
	case "session":
		put(object{
			"agent": agent(drawn("agent_")), "budget": nil, "environment_id": drawn("env_"), "outcome_evaluations": []any{}, "resources": []any{},
			"stats": object{"active_seconds": 41.5, "duration_seconds": 128}, "status": "idle", "title": "Weekly report", "usage": usage,
			"vault_ids": []any{}, "deployment_id": nil,
		})
	case "session_thread":
		delete(o, "metadata")
		put(object{
			"agent": agent(drawn("agent_")), "parent_thread_id": nil, "session_id": f.ids[0], "status": "idle", "usage": usage,
			"stats": object{"active_seconds": 12.25, "duration_seconds": 40}, "workflow_run_id": nil,
		})
	case "agent":
		put(agent(id))
	case "deployment":
		put(object{
			"agent": object{"id": drawn("agent_"), "type": "agent", "version": 3}, "description": "Runs every Monday", "environment_id": drawn("env_"),
			"initial_events": []any{}, "name": "Weekly report", "paused_reason": nil, "resources": []any{}, "schedule": nil, "status": "active",
			"vault_ids": []any{}, "budget": nil,
		})
	case "deployment_run":
		delete(o, "updated_at")
		delete(o, "archived_at")
		delete(o, "metadata")
		put(object{
			"agent": object{"id": drawn("agent_"), "type": "agent", "version": 3}, "deployment_id": drawn("depl_"), "error": nil,
			"session_id": drawn("sesn_"), "trigger_context": object{"type": "manual"},
		})
	case "environment":
		put(object{
			"config":      object{"type": "cloud", "networking": object{"type": "unrestricted"}, "packages": object{"type": "packages"}},
			"description": "", "name": "Default", "scope": "organization",
		})
	case "vault":
		put(object{"display_name": "Customer credentials"})
	case "vault_credential":
		put(object{
			"vault_id": f.ids[0], "display_name": "Issue tracker",
			"auth": object{"type": "static_bearer", "mcp_server_url": "https://mcp.example.com/"},
		})
	case "memory_store":
		put(object{"description": "", "name": "Notes"})
	}
	return o
}

func agent(id string) object {
	return object{
		"id": id, "type": "agent", "name": "Reporter", "description": "", "version": 3, "system": "You write reports.",
		"model": object{"id": "claude-opus-4-6", "speed": "standard"}, "mcp_servers": []any{}, "multiagent": nil, "skills": []any{}, "tools": []any{},
		"execution_identity": object{"type": "service_account"},
	}
}

// list is an empty page of a collection.
func list() object { return object{"data": []any{}, "next_page": nil} }

// failure is an error as the API words it.
func failure(status int, message string, number int64) object {
	kind := "api_error"
	switch {
	case status == 400:
		kind = "invalid_request_error"
	case status == 401:
		kind = "authentication_error"
	case status == 403:
		kind = "permission_error"
	case status == 404:
		kind = "not_found_error"
	case status == 429:
		kind = "rate_limit_error"
	case status == 529:
		kind = "overloaded_error"
	case status < 500:
		kind = "invalid_request_error"
	}
	return object{"type": "error", "error": object{"type": kind, "message": message}, "request_id": requestID(number)}
}
