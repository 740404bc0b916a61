-- From where a key was used last: what whoever is about to revoke it wants to know. NULL: not yet used, or not known.
ALTER TABLE api_keys ADD COLUMN last_used_address TEXT;
