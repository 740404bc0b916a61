-- What isolates have counted for GET /.well-known/gatehouse/metrics (src/store/metrics). An isolate writes its totals since its
-- start into a row of its own, so a write that is repeated counts once. The row '' has the totals of isolates that write no more.
CREATE TABLE metric_counts (
  isolate        TEXT PRIMARY KEY,
  -- Of two writes of an isolate, the later one stays.
  seq            INTEGER NOT NULL,
  written_at     INTEGER NOT NULL,
  totals         TEXT NOT NULL CHECK (json_valid(totals)),
  unwritten_uses INTEGER NOT NULL,
  -- At the last request of a key; NULL: there was none lately, or the isolate has not read the change feed.
  feed_age_ms    INTEGER,
  -- When the totals were added to the row ''. They stay for a day, in case that the isolate writes again.
  merged_at      INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX metric_counts_apart ON metric_counts (isolate) WHERE merged_at IS NULL;
CREATE INDEX metric_counts_merged ON metric_counts (merged_at) WHERE merged_at IS NOT NULL;
