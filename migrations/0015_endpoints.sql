-- Where an account's audit events are sent. `sealed` has the whole URL, which may have a secret in it, and the signing secrets, encrypted
-- under a key derived from KEY_RING; `origin` is what everybody may see of the URL.
CREATE TABLE endpoints (
  id              TEXT PRIMARY KEY CHECK (length(id) = 36),
  account_id      TEXT NOT NULL REFERENCES accounts (id),
  name            TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  origin          TEXT NOT NULL,
  format          TEXT NOT NULL,
  -- The types of the events that it is sent; an empty list: all.
  event_types     TEXT NOT NULL CHECK (json_valid(event_types)),
  sealed          TEXT NOT NULL,
  version         INTEGER NOT NULL DEFAULT 1,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  created_by_id   TEXT,
  created_by_name TEXT NOT NULL,
  disabled_at     INTEGER,
  disabled_reason TEXT,
  deleted_at      INTEGER,
  CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL))
) STRICT;

CREATE INDEX endpoints_by_age ON endpoints (account_id, created_at, id) WHERE deleted_at IS NULL;
