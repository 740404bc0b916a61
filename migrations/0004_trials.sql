-- Dry runs: a role, allow lists or both, evaluated beside those of a key. One dry run per key. Unlike keys, roles and lists, a
-- finished dry run is deleted with its counts: the audit log keeps its terms.

CREATE TABLE api_key_trials (
  key_id          TEXT PRIMARY KEY REFERENCES api_keys (id),
  -- New with every dry run, so that counts of one are never added to the next.
  id              TEXT NOT NULL CHECK (length(id) = 36),
  -- NULL: the role stays as it is.
  role_id         TEXT REFERENCES roles (id),
  -- 1: the lists of api_key_trial_lists in place of the key's own; 0: the addresses stay as they are.
  restricted      INTEGER NOT NULL CHECK (restricted IN (0, 1)),
  created_at      INTEGER NOT NULL,
  created_by_id   TEXT,
  created_by_name TEXT NOT NULL,
  evaluated       INTEGER NOT NULL DEFAULT 0,
  CHECK (role_id IS NOT NULL OR restricted = 1)
) STRICT, WITHOUT ROWID;

-- Without a condition: D1 uses it to enforce the foreign key as well.
CREATE INDEX api_key_trials_by_role ON api_key_trials (role_id);

CREATE TABLE api_key_trial_lists (
  key_id        TEXT NOT NULL REFERENCES api_keys (id),
  allow_list_id TEXT NOT NULL REFERENCES allow_lists (id),
  position      INTEGER NOT NULL,
  PRIMARY KEY (key_id, allow_list_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX api_key_trial_lists_by_list ON api_key_trial_lists (allow_list_id, key_id);

-- Allowed requests that the dry run would have denied. '' is a client without an address; '*' stands for every network and
-- operation once a dry run has its maximum of rows.
CREATE TABLE trial_refusals (
  trial_id  TEXT NOT NULL,
  reason    TEXT NOT NULL,
  network   TEXT NOT NULL,
  operation TEXT NOT NULL,
  count     INTEGER NOT NULL,
  first_at  INTEGER NOT NULL,
  last_at   INTEGER NOT NULL,
  PRIMARY KEY (trial_id, reason, network, operation)
) STRICT, WITHOUT ROWID;
