-- The policy of an account: what its keys may be, and what happens to them over time (src/core/access/account-policy.ts).
ALTER TABLE accounts ADD COLUMN policy TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(policy));
-- Changes are bound to the version of the policy that allowed them.
ALTER TABLE accounts ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
-- Keys count as unused from here at the earliest: a new policy does not disable keys at once.
ALTER TABLE accounts ADD COLUMN idle_since INTEGER;
ALTER TABLE accounts ADD COLUMN idle_checked_at INTEGER NOT NULL DEFAULT 0;

CREATE INDEX accounts_to_check ON accounts (idle_checked_at) WHERE idle_since IS NOT NULL;

-- Changes that wait for a second person. A row is good for one change of its requester, within a day.
CREATE TABLE approvals (
  id                TEXT PRIMARY KEY CHECK (length(id) = 36),
  account_id        TEXT NOT NULL REFERENCES accounts (id),
  operation_id      TEXT NOT NULL,
  method            TEXT NOT NULL,
  -- With its query.
  path              TEXT NOT NULL,
  body              TEXT NOT NULL,
  reasons           TEXT NOT NULL CHECK (json_valid(reasons)),
  -- The rows that the change refers to, at their versions.
  basis             TEXT NOT NULL CHECK (json_valid(basis)),
  -- SHA-256 of the requester and all of the above but the id.
  fingerprint       TEXT NOT NULL,
  requested_by_type TEXT NOT NULL,
  requested_by_id   TEXT NOT NULL,
  requested_by_name TEXT NOT NULL,
  created_at        INTEGER NOT NULL,
  expires_at        INTEGER NOT NULL,
  decision          TEXT CHECK (decision IN ('approved', 'rejected')),
  decided_at        INTEGER,
  decided_by_id     TEXT,
  decided_by_name   TEXT,
  used_at           INTEGER
) STRICT;

CREATE INDEX approvals_by_age ON approvals (account_id, created_at, id);
CREATE INDEX approvals_by_fingerprint ON approvals (account_id, fingerprint, created_at);
CREATE INDEX approvals_open ON approvals (account_id, created_at, id) WHERE decision IS NULL;
