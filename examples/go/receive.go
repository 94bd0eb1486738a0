package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	maxBody = 2 << 20 // bytes
	// storeTimeout is less than the 10 s that the sender waits for an answer.
	storeTimeout = 5 * time.Second
)

type receiver struct {
	key []byte
	db  *pgxpool.Pool
	log *slog.Logger
}

// ServeHTTP answers a delivery: 2xx when its event is processed or was before, 4xx when
// sending it again would not mend it, 503 when it would.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	started := time.Now()
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		r.refuse(w, http.StatusRequestEntityTooLarge, "too large")
		return
	} else if err != nil {
		r.refuse(w, http.StatusBadRequest, "body incomplete")
		return
	}
	// The bytes that were signed, before anything is parsed.
	if !r.verify(body, req.Header.Get("X-Claude-Signature")) {
		r.refuse(w, http.StatusUnauthorized, "signature missing or wrong")
		return
	}
	e, err := parse(body, time.Now())
	if err != nil {
		r.refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(req.Context(), storeTimeout)
	defer cancel()
	fresh, err := r.record(ctx, e, body)
	if err != nil { // the sender retries a 5xx; a 200 here would lose the event
		r.log.Error("event not recorded", "event_id", e.ID, "error", err)
		answer(w, http.StatusServiceUnavailable, map[string]string{"error": "unavailable"})
		return
	}
	outcome := "duplicate"
	if fresh {
		outcome = "processed"
	}
	r.log.Info("event accepted", "event_id", e.ID, "event_type", e.Type, "task_id", e.task, "outcome", outcome,
		"processing_time_ms", float64(time.Since(started).Microseconds())/1000)
	answer(w, http.StatusOK, map[string]string{"status": outcome})
}

// verify compares in constant time: how long it takes tells nothing of how near a forgery came.
func (r *receiver) verify(body []byte, signature string) bool {
	mac := hmac.New(sha256.New, r.key)
	mac.Write(body)
	return hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(signature))
}

// record notes the event and does its work in one transaction: both happen, or neither. It
// reports whether the event was new.
func (r *receiver) record(ctx context.Context, e event, body []byte) (fresh bool, err error) {
	err = pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `INSERT INTO processed_webhook_events VALUES ($1, $2, $3, now()) ON CONFLICT DO NOTHING`,
			e.ID, e.Type, body)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		fresh = true
		if e.state != "" { // an older event that comes late changes nothing
			_, err = tx.Exec(ctx, `INSERT INTO task_results AS t VALUES ($1, $2, $3, $4, $5) ON CONFLICT (task_id) DO UPDATE
				SET status = excluded.status, result = excluded.result, error = excluded.error, completed_at = excluded.completed_at
				WHERE excluded.completed_at > t.completed_at`, e.task, e.state, string(e.Data.Result), string(e.Data.Error), e.at)
			if err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO audit_log VALUES ($1, nullif($2, ''), now())`, e.ID, e.task)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("record event: %w", err)
	}
	return fresh, nil
}

func (r *receiver) refuse(w http.ResponseWriter, status int, reason string) {
	r.log.Warn("delivery refused", "status", status, "reason", reason)
	answer(w, status, map[string]string{"error": reason})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the sender may be gone; it will send again
}
