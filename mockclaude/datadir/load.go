package datadir

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hookdrill/mockclaude"
	"hookdrill/mockclaude/engine"
)

// Load returns what the directory holds.
func (d *Dir) Load(ctx context.Context) (*engine.Saved, error) {
	s := &engine.Saved{}
	for _, part := range []struct {
		what string
		read func(context.Context, *engine.Saved) error
	}{{"counters", d.counters}, {"endpoints", d.endpoints}, {"deliveries", d.deliveries}, {"attempts", d.attempts}} {
		if err := part.read(ctx, s); err != nil {
			return nil, fmt.Errorf("load %s from %s: %w", part.what, d.path, err)
		}
	}
	return s, nil
}

func (d *Dir) counters(ctx context.Context, s *engine.Saved) error {
	var text string
	err := d.db.QueryRowContext(ctx, "SELECT counters FROM counters").Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err //nolint:wrapcheck // Load says what it was about
	}
	return json.Unmarshal([]byte(text), &s.Counters) //nolint:wrapcheck // Load says what it was about
}

// rows calls row for each row of a query.
func (d *Dir) rows(ctx context.Context, query string, row func(scan func(...any) error) error) (err error) {
	rows, err := d.db.QueryContext(ctx, query)
	if err != nil {
		return err //nolint:wrapcheck // Load says what it was about
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err() //nolint:wrapcheck // Load says what it was about
}

func (d *Dir) endpoints(ctx context.Context, s *engine.Saved) error {
	const query = `SELECT id, url, types, concurrency, created, disabled, paused, failures, key, previous_key FROM endpoints ORDER BY created, id`
	return d.rows(ctx, query, func(scan func(...any) error) error {
		var ep engine.SavedEndpoint
		var types string
		var created int64
		err := scan(&ep.ID, &ep.URL, &types, &ep.Concurrency, &created, &ep.Disabled, &ep.Paused, &ep.Failures, &ep.Keys.Current, &ep.Keys.Previous)
		if err != nil {
			return err
		}
		if types != "" {
			ep.Types = strings.Split(types, "\n")
		}
		ep.Created = moment(created)
		ep.KeyID = ep.Keys.ID()
		s.Endpoints = append(s.Endpoints, ep)
		return nil
	})
}

func (d *Dir) deliveries(ctx context.Context, s *engine.Saved) error {
	const query = `SELECT id, endpoint, event_id, type, task_id, state, attempts, created, due, sent, finished, status, err, redelivery, body
		FROM deliveries ORDER BY id`
	states := engine.States()
	return d.rows(ctx, query, func(scan func(...any) error) error {
		var v engine.SavedDelivery
		var created, due, sent, finished int64
		var state, kind string
		err := scan(&v.ID, &v.Endpoint, &v.EventID, &v.Type, &v.TaskID, &state, &v.Attempts, &created, &due, &sent, &finished,
			&v.Status, &kind, &v.Redelivery, &v.Body)
		if err != nil {
			return err
		}
		i := slices.Index(states, engine.State(state))
		if i < 0 {
			return fmt.Errorf("delivery %d: unknown state %q", v.ID, state)
		}
		v.State, v.Err = states[i], mockclaude.ErrKind(kind)
		v.Created, v.Due, v.Sent, v.Finished = moment(created), moment(due), moment(sent), moment(finished)
		s.Deliveries = append(s.Deliveries, v)
		return nil
	})
}

func (d *Dir) attempts(ctx context.Context, s *engine.Saved) error {
	return d.rows(ctx, "SELECT attempt FROM attempts ORDER BY id", func(scan func(...any) error) error {
		var text []byte
		if err := scan(&text); err != nil {
			return err
		}
		var a engine.Attempt
		if err := json.Unmarshal(text, &a); err != nil {
			return fmt.Errorf("decode an attempt: %w", err)
		}
		s.Attempts = append(s.Attempts, a)
		return nil
	})
}
