-- The id in KEY_RING of the secret that has signed a key: it shows which keys depend on a secret, and which are dead since
-- their secret was removed. NULL: the key was created before this migration, and has not been read for a request since.
ALTER TABLE api_keys ADD COLUMN signing_key_id TEXT;
CREATE INDEX api_keys_by_signing_key ON api_keys (account_id, signing_key_id, created_at, id);
