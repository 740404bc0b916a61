-- A list of keys by name reads a bounded part of them in the order of their age.
CREATE INDEX api_keys_by_name_and_age ON api_keys (account_id, name, created_at);
DROP INDEX api_keys_by_name;

-- The keys that count for an account's quota.
CREATE INDEX api_keys_alive ON api_keys (account_id, expires_at) WHERE revoked_at IS NULL AND expiry_recorded_at IS NULL;

-- The same order without the ids, which take room.
DROP INDEX api_keys_by_signing_key;
CREATE INDEX api_keys_by_signing_key ON api_keys (account_id, signing_key_id, created_at);
