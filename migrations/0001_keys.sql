-- The system of record. docs/storage.md describes every table; times are milliseconds since the epoch, ids are UUIDs.
-- D1 enforces foreign keys. Only change-log rows are deleted: keys, roles and lists are kept, or soft-deleted.

CREATE TABLE accounts (
  id         TEXT PRIMARY KEY CHECK (length(id) = 36),
  name       TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  created_at INTEGER NOT NULL
) STRICT;

-- Built-in roles have no account and no permissions here: their permissions are code (src/core/access/roles.ts).
CREATE TABLE roles (
  id           TEXT PRIMARY KEY CHECK (length(id) = 36),
  account_id   TEXT REFERENCES accounts (id),
  display_name TEXT NOT NULL CHECK (length(display_name) BETWEEN 1 AND 64),
  description  TEXT NOT NULL DEFAULT '',
  permissions  TEXT CHECK (permissions IS NULL OR json_valid(permissions)),
  manages_keys INTEGER NOT NULL DEFAULT 0 CHECK (manages_keys IN (0, 1)),
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL,
  deleted_at   INTEGER,
  -- A custom role has its permissions here; a built-in one does not.
  CHECK ((account_id IS NULL) = (permissions IS NULL))
) STRICT;

-- ifnull: NULLs are distinct in a unique index, and `IN ('', ?)` finds built-in and custom roles in one search.
CREATE UNIQUE INDEX roles_by_name ON roles (ifnull(account_id, ''), lower(display_name)) WHERE deleted_at IS NULL;
CREATE INDEX roles_by_age ON roles (ifnull(account_id, ''), created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX roles_managing ON roles (ifnull(account_id, ''), id) WHERE manages_keys = 1;

INSERT INTO roles (id, account_id, display_name, description, permissions, manages_keys, created_at, updated_at) VALUES
  ('36ec6789-6dbf-4d12-91b4-243587d6882b', NULL, 'Admin', '', NULL, 1, 1634601600000, 1634601600000),
  ('cb6edae1-f2c7-4540-a870-521754e8a000', NULL, 'Developer', '', NULL, 0, 1634601600000, 1634601600000),
  ('95b23b27-b36b-4c2e-b7b6-4a94ed7676e4', NULL, 'Viewer', '', NULL, 0, 1686096000000, 1686096000000);

CREATE TABLE allow_lists (
  id          TEXT PRIMARY KEY CHECK (length(id) = 36),
  account_id  TEXT NOT NULL REFERENCES accounts (id),
  project_id  TEXT NOT NULL CHECK (length(project_id) = 36),
  name        TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  description TEXT NOT NULL DEFAULT '',
  rules       TEXT NOT NULL CHECK (json_valid(rules) AND json_array_length(rules) BETWEEN 1 AND 100),
  created_at  INTEGER NOT NULL,
  deleted_at  INTEGER
) STRICT;

CREATE UNIQUE INDEX allow_lists_by_name ON allow_lists (account_id, project_id, name) WHERE deleted_at IS NULL;
CREATE INDEX allow_lists_by_age ON allow_lists (account_id, project_id, created_at, id) WHERE deleted_at IS NULL;

CREATE TABLE api_keys (
  id                 TEXT PRIMARY KEY CHECK (length(id) = 36),
  account_id         TEXT NOT NULL REFERENCES accounts (id),
  -- SHA-256 of the whole key, hexadecimal. The key itself is not stored.
  hash               TEXT NOT NULL CHECK (length(hash) = 64),
  name               TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  description        TEXT NOT NULL DEFAULT '',
  role_id            TEXT NOT NULL REFERENCES roles (id),
  -- 1: only addresses of its lists, and none if no list is left: a lost row of api_key_allow_lists denies instead of allowing.
  restricted         INTEGER NOT NULL CHECK (restricted IN (0, 1)),
  version            INTEGER NOT NULL DEFAULT 1,
  expire_after_hours INTEGER NOT NULL,
  expires_at         INTEGER,
  created_at         INTEGER NOT NULL,
  updated_at         INTEGER NOT NULL,
  issuer             TEXT NOT NULL,
  created_by         TEXT,
  idempotency_key    TEXT,
  revoked_at         INTEGER,
  revoked_by_id      TEXT,
  revoked_by_name    TEXT,
  expiry_recorded_at INTEGER,
  last_used_at       INTEGER,
  usage_count        INTEGER NOT NULL DEFAULT 0,
  -- The version that has yet to be written to KV; NULL when the KV copy is up to date.
  kv_pending         INTEGER
) STRICT;

CREATE UNIQUE INDEX api_keys_by_hash ON api_keys (hash);
CREATE INDEX api_keys_by_age ON api_keys (account_id, created_at, id);
CREATE INDEX api_keys_by_name ON api_keys (account_id, name);
CREATE INDEX api_keys_by_role ON api_keys (role_id, account_id, revoked_at, created_at DESC);
CREATE INDEX api_keys_pending ON api_keys (kv_pending) WHERE kv_pending IS NOT NULL;
CREATE INDEX api_keys_to_expire ON api_keys (expires_at)
  WHERE expires_at IS NOT NULL AND revoked_at IS NULL AND expiry_recorded_at IS NULL;
-- One key per creator and Idempotency-Key. Rows of keys are never deleted.
CREATE UNIQUE INDEX api_keys_by_idempotency_key ON api_keys (account_id, created_by, idempotency_key)
  WHERE idempotency_key IS NOT NULL;

CREATE TABLE api_key_allow_lists (
  key_id        TEXT NOT NULL REFERENCES api_keys (id),
  allow_list_id TEXT NOT NULL REFERENCES allow_lists (id),
  -- Its position among the key's lists: they are shown in the order of the request that bound them.
  position      INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (key_id, allow_list_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX api_key_allow_lists_by_list ON api_key_allow_lists (allow_list_id, key_id);

-- The change log: isolates read it to invalidate their key caches. A row without a key invalidates everything.
CREATE TABLE key_changes (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  key_id  TEXT,
  version INTEGER NOT NULL,
  at      INTEGER NOT NULL
) STRICT;

-- The log is never empty, so that its oldest and newest positions are always known.
INSERT INTO key_changes (key_id, version, at) VALUES (NULL, 0, 0);

-- Who did what: written in the same transaction as the change itself.
CREATE TABLE audit_events (
  seq           INTEGER PRIMARY KEY AUTOINCREMENT,
  id            TEXT NOT NULL CHECK (length(id) = 36),
  account_id    TEXT NOT NULL REFERENCES accounts (id),
  event_type    TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource_id   TEXT NOT NULL,
  resource_name TEXT NOT NULL,
  actor_type    TEXT NOT NULL CHECK (actor_type IN ('API_KEY', 'OPERATOR', 'SYSTEM')),
  actor_id      TEXT,
  actor_name    TEXT NOT NULL,
  address       TEXT,
  request_id    TEXT,
  message       TEXT NOT NULL,
  detail        TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(detail)),
  created_at    INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX audit_events_by_id ON audit_events (id);
CREATE INDEX audit_events_by_age ON audit_events (account_id, created_at, seq);
