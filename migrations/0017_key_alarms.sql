-- The time of the last advance notice of a key's end that was given: 30, 7 or 1 days before it. NULL: none was.
ALTER TABLE api_keys ADD COLUMN notice_at INTEGER;

-- By the time of the next notice. The expression is that of src/store/maintenance/notices.ts.
CREATE INDEX api_keys_to_notify ON api_keys (
  CASE WHEN expires_at - 2592000000 > ifnull(notice_at, created_at) THEN expires_at - 2592000000
    WHEN expires_at - 604800000 > ifnull(notice_at, created_at) THEN expires_at - 604800000
    WHEN expires_at - 86400000 > ifnull(notice_at, created_at) THEN expires_at - 86400000 END
) WHERE expires_at IS NOT NULL AND revoked_at IS NULL AND expiry_recorded_at IS NULL;
