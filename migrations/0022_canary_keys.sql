-- 1: a canary key, which never opens and whose use is an alarm. It has `disabled_at` from its creation on, and is never enabled.
ALTER TABLE api_keys ADD COLUMN canary INTEGER NOT NULL DEFAULT 0;

-- When the use of a canary key was last told, by network: what bounds its events. A network without an address is ''.
CREATE TABLE canary_alarms (
  key_id TEXT NOT NULL,
  network TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (key_id, network)
) WITHOUT ROWID;
