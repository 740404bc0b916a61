-- The client IP address of a key's last use, shown before it is revoked. NULL: not used yet, or unknown.
ALTER TABLE api_keys ADD COLUMN last_used_address TEXT;
