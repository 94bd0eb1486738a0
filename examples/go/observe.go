package main

import (
	"crypto/subtle"
	"net/http"

	"github.com/jackc/pgx/v5/pgxpool"
)

type effect struct {
	Processed int    `json:"processed"`
	Status    string `json:"status,omitempty"`
}

// observe says how often events took effect.
func observe(db *pgxpool.Pool, token string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+token)) != 1 {
			http.Error(w, "token missing or wrong", http.StatusUnauthorized)
			return
		}
		ids := r.URL.Query()["id"]
		rows, err := db.Query(r.Context(), `SELECT a.event_id, count(*), coalesce(max(t.status), '')
			FROM audit_log a LEFT JOIN task_results t ON t.task_id = a.task_id
			WHERE a.event_id = ANY($1) GROUP BY a.event_id`, ids[:min(len(ids), 100)])
		events := map[string]effect{}
		if err == nil {
			defer rows.Close()
			for rows.Next() {
				var id string
				var e effect
				if err = rows.Scan(&id, &e.Processed, &e.Status); err != nil {
					break
				}
				events[id] = e
			}
		}
		if err != nil || rows.Err() != nil {
			http.Error(w, "query failed", http.StatusInternalServerError)
			return
		}
		answer(w, http.StatusOK, map[string]any{"events": events})
	}
}
