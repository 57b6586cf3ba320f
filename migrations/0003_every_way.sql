-- All other ways to use an operation: columns and tables for searches, reports, multipart uploads, cancellation, expiry and events.
-- +goose Up
ALTER TABLE xforce.tasks
  ADD COLUMN revision      INT NOT NULL DEFAULT 0,             -- increases with every change that clients can see, from 1; 0 while receiving
  ADD COLUMN labels        JSONB NOT NULL DEFAULT '{}',        -- a client's own names and values, to filter lists by
  ADD COLUMN request       JSONB,                              -- of a search, a report or a multipart upload; NULL for an import that came in one body
  ADD COLUMN phase         TEXT,                               -- describes the current work for people
  ADD COLUMN retention     INTERVAL NOT NULL DEFAULT '7 days', -- how long after finished_at it is kept
  ADD COLUMN reclaimed_at  TIMESTAMP;                          -- of a tombstone: when its last dependent row was deleted
COMMENT ON COLUMN xforce.tasks.expires_at IS
  'of a tombstone: when it expired or was pruned; of a multipart upload that is receiving: when it is dropped';
COMMENT ON COLUMN xforce.tasks.poll_deadline IS 'when the operation times out unless it is polled; NULL if it need not be polled';

CREATE INDEX tasks_expiring ON xforce.tasks ((finished_at + retention)) WHERE is_active AND finished_at IS NOT NULL;
CREATE INDEX tasks_reclaimable ON xforce.tasks (task_id) WHERE NOT is_active AND reclaimed_at IS NULL AND status <> 'receiving';
CREATE INDEX tasks_tombstones ON xforce.tasks (expires_at) WHERE NOT is_active AND reclaimed_at IS NOT NULL;
CREATE INDEX tasks_labels ON xforce.tasks USING GIN (labels jsonb_path_ops) WHERE labels <> '{}';

-- The checkpoint of an operation that takes many steps; its chunk has no rows.
ALTER TABLE xforce.task_chunks
  ADD COLUMN cursor  JSONB,
  ADD COLUMN steps   INT NOT NULL DEFAULT 0;

-- The records that searches find and the files that reports write, in blocks that every replica can read.
CREATE TABLE xforce.task_outputs (
  task_id      UUID NOT NULL REFERENCES xforce.tasks (task_id),
  stage        TEXT NOT NULL,       -- 'rows': records, one JSON text per line; 'file': the bytes of a file; 'keys': the keys of a sorted search's best records so far, used by the searcher only
  seq          INT NOT NULL,        -- from 0
  row_count    INT NOT NULL DEFAULT 0,
  byte_offset  BIGINT NOT NULL,     -- of its first byte in the stage, uncompressed
  byte_count   INT NOT NULL,        -- uncompressed
  payload      BYTEA NOT NULL,      -- compressed with S2
  CONSTRAINT task_outputs_pk PRIMARY KEY (task_id, stage, seq),
  CONSTRAINT task_outputs_stage_known CHECK (stage IN ('rows', 'file', 'keys'))
);
ALTER TABLE xforce.task_outputs ALTER COLUMN payload SET STORAGE EXTERNAL;

-- The parts of multipart uploads, which arrive in any order, and their blocks. A part that is sent again gets a new version.
CREATE TABLE xforce.upload_parts (
  task_id     UUID NOT NULL REFERENCES xforce.tasks (task_id),
  part        INT NOT NULL,         -- from 1
  version     UUID NOT NULL,
  byte_count  BIGINT NOT NULL,
  digest      BYTEA NOT NULL,       -- SHA-256 of the part without its content coding
  created_at  TIMESTAMP NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT upload_parts_pk PRIMARY KEY (task_id, part)
);
CREATE TABLE xforce.upload_pieces (
  task_id     UUID NOT NULL REFERENCES xforce.tasks (task_id),
  version     UUID NOT NULL,
  seq         INT NOT NULL,         -- from 0
  byte_count  INT NOT NULL,         -- uncompressed
  payload     BYTEA NOT NULL,       -- compressed with S2
  CONSTRAINT upload_pieces_pk PRIMARY KEY (task_id, version, seq)
);
ALTER TABLE xforce.upload_pieces ALTER COLUMN payload SET STORAGE EXTERNAL;

-- Every revision of an operation that clients could see. Triggers write the rows, so that no statement can omit one.
CREATE TABLE xforce.task_events (
  task_id             UUID NOT NULL REFERENCES xforce.tasks (task_id),
  revision            INT NOT NULL,
  at                  TIMESTAMP NOT NULL,
  status              TEXT NOT NULL,
  progress            INT NOT NULL,
  phase               TEXT,
  total_records       INT NOT NULL,
  created_records     INT NOT NULL,
  updated_records     INT NOT NULL,
  superseded_records  INT NOT NULL,
  failed_records      INT NOT NULL,
  CONSTRAINT task_events_pk PRIMARY KEY (task_id, revision)
);

-- +goose StatementBegin
CREATE FUNCTION xforce.count_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.revision := 1;
  ELSIF (NEW.status, NEW.progress, NEW.phase, NEW.total_records, NEW.imported_records, NEW.failed_records, NEW.result, NEW.is_active)
    IS DISTINCT FROM
    (OLD.status, OLD.progress, OLD.phase, OLD.total_records, OLD.imported_records, OLD.failed_records, OLD.result, OLD.is_active)
  THEN
    NEW.revision := OLD.revision + 1;
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION xforce.keep_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO xforce.task_events (task_id, revision, at, status, progress, phase,
    total_records, created_records, updated_records, superseded_records, failed_records)
  VALUES (NEW.task_id, NEW.revision, clock_timestamp(), NEW.status, coalesce(NEW.progress, 0), NEW.phase,
    NEW.total_records, NEW.created_records, NEW.updated_records, NEW.superseded_records, NEW.failed_records);
  RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER tasks_revision BEFORE INSERT OR UPDATE ON xforce.tasks
  FOR EACH ROW WHEN (NEW.status <> 'receiving') EXECUTE FUNCTION xforce.count_revision();
CREATE TRIGGER tasks_event_of_insert AFTER INSERT ON xforce.tasks
  FOR EACH ROW WHEN (NEW.status <> 'receiving') EXECUTE FUNCTION xforce.keep_event();
CREATE TRIGGER tasks_event_of_update AFTER UPDATE ON xforce.tasks
  FOR EACH ROW WHEN (NEW.revision <> OLD.revision AND NEW.is_active) EXECUTE FUNCTION xforce.keep_event();
