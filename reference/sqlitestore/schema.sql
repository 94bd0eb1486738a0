-- Times are Unix nanoseconds: whole microseconds would lose the order of events.
CREATE TABLE processed_webhook_events (
    event_id     TEXT PRIMARY KEY NOT NULL,
    event_type   TEXT    NOT NULL,
    payload      BLOB    NOT NULL,
    received_at  INTEGER NOT NULL,
    processed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX processed_webhook_events_received_at ON processed_webhook_events (received_at);

CREATE TABLE task_results (
    task_id      TEXT PRIMARY KEY NOT NULL,
    status       TEXT    NOT NULL,
    result       TEXT,
    error        TEXT,
    completed_at INTEGER NOT NULL -- the timestamp of the event that says so
) STRICT;

-- One row for every effect. event_id is deliberately not unique: a second
-- effect has to show, not to fail.
CREATE TABLE audit_log (
    seq        INTEGER PRIMARY KEY,
    event_id   TEXT    NOT NULL,
    event_type TEXT    NOT NULL,
    task_id    TEXT, -- null: about no task
    effect     TEXT    NOT NULL, -- applied, superseded (a newer event came first) or ignored
    at         INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_log_event_id ON audit_log (event_id);
