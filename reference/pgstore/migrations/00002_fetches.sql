-- +goose Up

-- What is still to be fetched for an event, and what was.
CREATE TABLE webhook_fetches (
    event_id    bytea PRIMARY KEY,
    path        text        NOT NULL,
    state       text        NOT NULL DEFAULT 'waiting', -- waiting, fetched, gone or failed
    attempts    integer     NOT NULL DEFAULT 0,
    due_at      timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    resource    bytea -- JSON, when it was fetched
);
CREATE INDEX webhook_fetches_due ON webhook_fetches (due_at) WHERE state = 'waiting';
CREATE INDEX webhook_fetches_received_at ON webhook_fetches USING brin (received_at) WITH (pages_per_range = 32, autosummarize = on);

-- +goose Down
DROP TABLE webhook_fetches;
