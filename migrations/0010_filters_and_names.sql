-- The filters of the audit log by actor, request and address. An id is one account's, so that its index need not name the
-- account. Every index ends with the row's own number, which is audit_events.seq: each has the order of the list.
CREATE INDEX audit_events_of_actor ON audit_events (actor_id, created_at);
CREATE INDEX audit_events_of_request ON audit_events (request_id, created_at);
CREATE INDEX audit_events_of_address ON audit_events (account_id, address, created_at);

-- What a name is compared by (foldName in src/core/names.ts): SQLite's lower() knows ASCII letters only. NULL: a name from before
-- this migration, which has no others.
ALTER TABLE roles ADD COLUMN name_key TEXT;
DROP INDEX roles_by_name;
CREATE UNIQUE INDEX roles_by_name ON roles (ifnull(account_id, ''), ifnull(name_key, lower(display_name))) WHERE deleted_at IS NULL;

-- Not unique: earlier names of one project may differ in case alone.
ALTER TABLE allow_lists ADD COLUMN name_key TEXT;
CREATE INDEX allow_lists_by_name_key ON allow_lists (account_id, project_id, ifnull(name_key, lower(name))) WHERE deleted_at IS NULL;
