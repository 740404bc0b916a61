-- Where an API key was used from: a network (/24, /48) or a country in `place`, with the first and the last day in days since the
-- epoch. `told` 1: an audit event told of it on the first day. The place '' says that the key was used; its last day never comes.
CREATE TABLE key_networks (
  key_id TEXT NOT NULL,
  place TEXT NOT NULL,
  first_day INTEGER NOT NULL,
  last_day INTEGER NOT NULL,
  told INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (key_id, place)
) WITHOUT ROWID;
CREATE INDEX key_networks_by_last_day ON key_networks (last_day);
