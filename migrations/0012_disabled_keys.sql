-- When a key was disabled, in milliseconds since the epoch; NULL: it is not. Unlike a revocation it can be undone.
ALTER TABLE api_keys ADD COLUMN disabled_at INTEGER;
