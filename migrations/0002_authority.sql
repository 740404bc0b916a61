-- Authority: the audit log made tamper-evident, refusals counted and kept for a while, people who may manage keys.

-- SHA-256 over the event and the hash of the one before it; NULL until it is sealed (src/store/audit-seal.ts).
ALTER TABLE audit_events ADD COLUMN hash TEXT;

CREATE INDEX audit_events_of_resource ON audit_events (account_id, resource_type, created_at, seq);

-- One signed statement a day: "up to this event, the chain is this". A day's is renewed with every event until it is over.
CREATE TABLE audit_checkpoints (
  day TEXT PRIMARY KEY CHECK (length(day) = 10),
  seq INTEGER NOT NULL,
  jws TEXT NOT NULL
) STRICT;

CREATE INDEX audit_checkpoints_by_seq ON audit_checkpoints (seq, day);

-- How often was refused why, by key and hour. '' is a refusal that named no account or no key.
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

-- Single refused calls, for "why was I refused?": no header, no query, no secret. EXPLAIN_SECONDS long.
CREATE TABLE refused_calls (
  request_id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  key_id     TEXT,
  at         INTEGER NOT NULL,
  facts      TEXT NOT NULL CHECK (json_valid(facts))
) STRICT, WITHOUT ROWID;

CREATE INDEX refused_calls_by_age ON refused_calls (at);

-- People. Found by an identity that an issuer vouches for: an e-mail address or a subject, exactly.
CREATE TABLE operators (
  id                 TEXT PRIMARY KEY CHECK (length(id) = 36),
  account_id         TEXT NOT NULL REFERENCES accounts (id),
  email              TEXT,
  subject            TEXT,
  -- A subject is one person's at its issuer alone.
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
  -- One of the two, so that it is never in question which of them has let somebody in.
  CHECK ((email IS NULL) <> (subject IS NULL)),
  CHECK ((subject IS NULL) = (issuer IS NULL))
) STRICT;

CREATE UNIQUE INDEX operators_by_email ON operators (email, account_id) WHERE deleted_at IS NULL AND email IS NOT NULL;
CREATE UNIQUE INDEX operators_by_subject ON operators (subject, issuer, account_id) WHERE deleted_at IS NULL AND subject IS NOT NULL;
CREATE INDEX operators_by_age ON operators (account_id, created_at, id) WHERE deleted_at IS NULL;
-- Without a condition: the foreign key looks for rows with it as well.
CREATE INDEX operators_by_role ON operators (role_id, account_id, deleted_at);

-- What kind of principal has revoked a key: its id is that of a key or of an operator.
ALTER TABLE api_keys ADD COLUMN revoked_by_type TEXT;
