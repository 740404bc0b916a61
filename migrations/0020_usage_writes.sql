-- The write that has last counted uses of a key: a write whose response was lost is looked up by it, and not repeated.
ALTER TABLE api_keys ADD COLUMN usage_write TEXT;
