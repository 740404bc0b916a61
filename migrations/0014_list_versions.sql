-- The version of an allow list goes up by one when it is replaced: what was authorized on its rules is made only while it has them.
ALTER TABLE allow_lists ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
