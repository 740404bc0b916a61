-- The keys that a key or an operator has created: the lineage of keys is read from here.
CREATE INDEX api_keys_by_creator ON api_keys (created_by) WHERE created_by IS NOT NULL;
