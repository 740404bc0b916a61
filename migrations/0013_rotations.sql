-- The rotation of a key, in the row of its successor: the key that it takes over from, the expiry that this had (NULL: never), and
-- how many requests it had carried, from which both keys' shares since are counted.
ALTER TABLE api_keys ADD COLUMN rotated_from TEXT;
ALTER TABLE api_keys ADD COLUMN predecessor_expires_at INTEGER;
ALTER TABLE api_keys ADD COLUMN predecessor_usage_count INTEGER;
CREATE INDEX api_keys_by_predecessor ON api_keys (rotated_from) WHERE rotated_from IS NOT NULL;
