-- The audit log is the outbox: `next_number` is the first event of the account that has no delivery of the endpoint yet.
ALTER TABLE endpoints ADD COLUMN next_number INTEGER NOT NULL DEFAULT 1;
-- Until then one run sends to the endpoint, and no other.
ALTER TABLE endpoints ADD COLUMN hold_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoints ADD COLUMN failing_since INTEGER;

CREATE INDEX endpoints_to_send ON endpoints (hold_until) WHERE deleted_at IS NULL AND disabled_at IS NULL;

CREATE TABLE deliveries (
  endpoint_id  TEXT NOT NULL REFERENCES endpoints (id),
  -- Of the event, in the account's log.
  number       INTEGER NOT NULL,
  event_id     TEXT NOT NULL,
  resource_id  TEXT NOT NULL,
  -- NULL: delivered, or given up.
  next_at      INTEGER,
  tries        INTEGER NOT NULL DEFAULT 0,
  delivered_at INTEGER,
  last_at      INTEGER,
  last_status  INTEGER,
  last_error   TEXT,
  PRIMARY KEY (endpoint_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_pending ON deliveries (endpoint_id, number) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_waiting ON deliveries (endpoint_id, resource_id, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_done ON deliveries (last_at) WHERE next_at IS NULL;
