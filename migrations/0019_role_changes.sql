-- A line of the change log may stand for every key with a role: `key_id` is NULL then, and `role_id` has the role. Isolates of
-- an earlier release do not read the column, and drop every cached record, as for any line without a key.
ALTER TABLE key_changes ADD COLUMN role_id TEXT;
