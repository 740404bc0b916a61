-- The audit log as one chain per account, authenticated when it is written. docs/decisions/0009-audit-chain-per-account.md.

-- The position of an event in its account's log, from 1. NULL: written before this migration, in one chain for all accounts.
ALTER TABLE audit_events ADD COLUMN number INTEGER;
-- Made by the Worker with the insertion, under a key derived from KEY_RING (src/core/audit/event-mac.ts).
ALTER TABLE audit_events ADD COLUMN mac TEXT;
-- What sealing has found: 1 when the MAC is the Worker's, 0 when not. NULL until the event is sealed. Covered by the hash.
ALTER TABLE audit_events ADD COLUMN authentic INTEGER;

CREATE UNIQUE INDEX audit_events_by_number ON audit_events (account_id, number);
-- The accounts that have events to seal.
CREATE INDEX audit_events_open ON audit_events (account_id) WHERE hash IS NULL AND number IS NOT NULL;

-- The signed end of an account's chain: one per day with events, renewed with every event of the day. audit_checkpoints keeps
-- those of the earlier chain.
CREATE TABLE audit_account_checkpoints (
  account_id TEXT NOT NULL REFERENCES accounts (id),
  day        TEXT NOT NULL CHECK (length(day) = 10),
  number     INTEGER NOT NULL,
  -- The key that signed it.
  kid        TEXT NOT NULL,
  jws        TEXT NOT NULL,
  PRIMARY KEY (account_id, day)
) STRICT, WITHOUT ROWID;

-- Identity keys that sign no more: the public half, signed by the key that came after. Rows are only added.
CREATE TABLE audit_signing_keys (
  kid TEXT PRIMARY KEY,
  jws TEXT NOT NULL
) STRICT, WITHOUT ROWID;
