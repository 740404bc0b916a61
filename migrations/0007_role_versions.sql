-- The version of a role goes up by one with every change: a change that was authorized on a role is made only while the role
-- is still as it was read, and the ETag of a role is its version.
ALTER TABLE roles ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
