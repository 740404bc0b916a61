-- The demo's whole state. Instants are milliseconds since the epoch.
-- Whatever changes with time is stored as three facts: it is `moving` until `settles_at`, and `settled` from then on.

CREATE TABLE accounts (
  id         TEXT PRIMARY KEY,
  project_id TEXT NOT NULL UNIQUE,
  owner_id   TEXT NOT NULL,
  name       TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE clusters (
  id              TEXT PRIMARY KEY,
  project_id      TEXT NOT NULL REFERENCES accounts (project_id),
  name            TEXT NOT NULL,
  spec            TEXT NOT NULL CHECK (json_valid(spec)),
  version         INTEGER NOT NULL DEFAULT 1,
  allow_list_ids  TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(allow_list_ids)),
  moving          TEXT NOT NULL CHECK (moving IN ('CREATING', 'ACTIVE', 'PAUSING', 'RESUMING', 'DELETING')),
  settled         TEXT NOT NULL CHECK (settled IN ('ACTIVE', 'PAUSED', 'GONE')),
  settles_at      INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  UNIQUE (project_id, name)
) STRICT;
CREATE INDEX clusters_by_age ON clusters (project_id, created_at, id);

CREATE TABLE backups (
  id           TEXT PRIMARY KEY,
  project_id   TEXT NOT NULL REFERENCES accounts (project_id),
  cluster_id   TEXT NOT NULL,
  cluster_name TEXT NOT NULL,
  spec         TEXT NOT NULL CHECK (json_valid(spec)),
  moving       TEXT NOT NULL CHECK (moving = 'IN_PROGRESS'),
  settled      TEXT NOT NULL CHECK (settled = 'SUCCEEDED'),
  settles_at   INTEGER NOT NULL,
  created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX backups_by_age ON backups (project_id, created_at, id);

CREATE TABLE vpcs (
  id         TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES accounts (project_id),
  name       TEXT NOT NULL,
  spec       TEXT NOT NULL CHECK (json_valid(spec)),
  created_at INTEGER NOT NULL,
  UNIQUE (project_id, name)
) STRICT;
CREATE INDEX vpcs_by_age ON vpcs (project_id, created_at, id);

CREATE TABLE tasks (
  id          TEXT PRIMARY KEY,
  project_id  TEXT NOT NULL REFERENCES accounts (project_id),
  task_type   TEXT NOT NULL,
  entity_type TEXT,
  entity_id   TEXT NOT NULL,
  moving      TEXT NOT NULL CHECK (moving = 'IN_PROGRESS'),
  settled     TEXT NOT NULL CHECK (settled = 'SUCCEEDED'),
  settles_at  INTEGER NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX tasks_by_age ON tasks (project_id, created_at, id);
