-- A tamper-evident audit log; denials, counted and kept for a while; operators, who are people that manage keys.

-- SHA-256 over the event and the previous event's hash; NULL until it is sealed (src/store/audit/sealer.ts).
ALTER TABLE audit_events ADD COLUMN hash TEXT;

CREATE INDEX audit_events_of_resource ON audit_events (account_id, resource_type, created_at, seq);

-- A signed checkpoint of the chain per day, renewed with every event of the day.
CREATE TABLE audit_checkpoints (
  day TEXT PRIMARY KEY CHECK (length(day) = 10),
  seq INTEGER NOT NULL,
  jws TEXT NOT NULL
) STRICT;

CREATE INDEX audit_checkpoints_by_seq ON audit_checkpoints (seq, day);

-- Denials by hour, key and reason. '' stands for a denial without an account or without a key.
CREATE TABLE refusal_counts (
  hour       INTEGER NOT NULL,
  account_id TEXT NOT NULL,
  key_id     TEXT NOT NULL,
  reason     TEXT NOT NULL,
  count      INTEGER NOT NULL,
  last_at    INTEGER NOT NULL,
  PRIMARY KEY (account_id, hour, key_id, reason)
) STRICT, WITHOUT ROWID;

CREATE INDEX refusal_counts_by_hour ON refusal_counts (hour);

-- Denied requests, to explain them: no header, no query, no secret. Kept for DENIAL_RETENTION_SECONDS.
CREATE TABLE refused_calls (
  request_id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  key_id     TEXT,
  at         INTEGER NOT NULL,
  facts      TEXT NOT NULL CHECK (json_valid(facts))
) STRICT, WITHOUT ROWID;

CREATE INDEX refused_calls_by_age ON refused_calls (at);

-- People, found by an identity from a trusted issuer: an e-mail address or a subject, exactly.
CREATE TABLE operators (
  id                 TEXT PRIMARY KEY CHECK (length(id) = 36),
  account_id         TEXT NOT NULL REFERENCES accounts (id),
  email              TEXT,
  subject            TEXT,
  -- A subject is unique only within its issuer.
  issuer             TEXT,
  name               TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  role_id            TEXT NOT NULL REFERENCES roles (id),
  expire_after_hours INTEGER NOT NULL DEFAULT 0,
  expires_at         INTEGER,
  version            INTEGER NOT NULL DEFAULT 1,
  created_at         INTEGER NOT NULL,
  updated_at         INTEGER NOT NULL,
  created_by_id      TEXT,
  created_by_name    TEXT NOT NULL,
  deleted_at         INTEGER,
  -- Exactly one of the two, so that it is always clear which of them authenticated somebody.
  CHECK ((email IS NULL) <> (subject IS NULL)),
  CHECK ((subject IS NULL) = (issuer IS NULL))
) STRICT;

CREATE UNIQUE INDEX operators_by_email ON operators (email, account_id) WHERE deleted_at IS NULL AND email IS NOT NULL;
CREATE UNIQUE INDEX operators_by_subject ON operators (subject, issuer, account_id) WHERE deleted_at IS NULL AND subject IS NOT NULL;
CREATE INDEX operators_by_age ON operators (account_id, created_at, id) WHERE deleted_at IS NULL;
-- Without a condition: D1 uses it to enforce the foreign key as well.
CREATE INDEX operators_by_role ON operators (role_id, account_id, deleted_at);

-- The kind of principal that revoked a key: its id is that of a key or of an operator.
ALTER TABLE api_keys ADD COLUMN revoked_by_type TEXT;
