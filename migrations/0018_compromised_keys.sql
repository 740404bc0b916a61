-- When a key was first reported as leaked, and where it was found. NULL: it was not.
ALTER TABLE api_keys ADD COLUMN compromised_at INTEGER;
ALTER TABLE api_keys ADD COLUMN compromised_url TEXT;
