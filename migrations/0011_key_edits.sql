-- The end that a key was signed with, once its expiry was edited: milliseconds since the epoch, 0 for never. NULL: expires_at
-- is still that end. A key is never accepted beyond it, whatever expires_at says.
ALTER TABLE api_keys ADD COLUMN signed_expires_at INTEGER;
