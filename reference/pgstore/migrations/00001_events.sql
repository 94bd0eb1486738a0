-- +goose Up

-- Ids are bytea: text cannot hold NUL, and compares by the database's
-- collation, which may take two ids for one.

-- One row for every event id. It is not partitioned: a unique index of a
-- partitioned table holds within a partition only, so the same id would be new
-- again in the next.
CREATE TABLE processed_webhook_events (
    event_id     bytea PRIMARY KEY,
    event_type   bytea       NOT NULL,
    seq          bigint      NOT NULL GENERATED ALWAYS AS IDENTITY, -- the order of recording
    received_at  timestamptz NOT NULL,
    processed_at timestamptz          -- null: accepted, and waits for a worker
);
-- Rows arrive in the order of received_at, so a block range index finds the old
-- ones and costs next to nothing.
CREATE INDEX processed_webhook_events_received_at ON processed_webhook_events
    USING brin (received_at) WITH (pages_per_range = 32, autosummarize = on);

CREATE TABLE task_results (
    task_id     bytea PRIMARY KEY,
    status      text   NOT NULL,
    result      bytea,          -- JSON as it was sent
    error       bytea,          -- JSON as it was sent
    occurred_at bigint NOT NULL, -- Unix ns, the timestamp of the event that says so
    seq         bigint NOT NULL, -- of that event: of two with one timestamp the later recorded stays
    updated_at  timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80); -- room on the page for the next state of a task

-- One row for every effect, with the payload that caused it. event_id is
-- deliberately not unique: a second effect has to show, not to fail. A week is
-- a partition, so that old ones are dropped whole.
CREATE TABLE webhook_audit_log (
    recorded_at timestamptz NOT NULL DEFAULT now(),
    event_id    bytea       NOT NULL,
    event_type  bytea       NOT NULL,
    task_id     bytea,                -- null: about no task
    effect      text        NOT NULL, -- applied, superseded (a newer event came first) or ignored
    payload     bytea       NOT NULL
) PARTITION BY RANGE (recorded_at);
CREATE INDEX webhook_audit_log_event_id ON webhook_audit_log (event_id);

-- +goose StatementBegin
CREATE FUNCTION webhook_text(value bytea) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN position('\x00'::bytea IN value) = 0 THEN convert_from(value, 'UTF8') ELSE encode(value, 'escape') END
$$;
-- +goose StatementEnd

-- What a person reads.
CREATE VIEW webhook_effects AS
    SELECT a.recorded_at, webhook_text(a.event_id) AS event_id, webhook_text(a.event_type) AS event_type,
           webhook_text(a.task_id) AS task_id, a.effect, t.status
    FROM webhook_audit_log a LEFT JOIN task_results t USING (task_id);

-- +goose Down
DROP VIEW webhook_effects;
DROP FUNCTION webhook_text;
DROP TABLE webhook_audit_log, task_results, processed_webhook_events;
