-- What is still to be fetched for an event, and what was.
CREATE TABLE webhook_fetches (
    event_id    TEXT PRIMARY KEY NOT NULL,
    path        TEXT    NOT NULL,
    state       TEXT    NOT NULL, -- waiting, fetched, gone or failed
    attempts    INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    resource    BLOB -- JSON, when it was fetched
) STRICT;
CREATE INDEX webhook_fetches_due ON webhook_fetches (due_at) WHERE state = 'waiting';
CREATE INDEX webhook_fetches_received_at ON webhook_fetches (received_at);
