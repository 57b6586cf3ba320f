-- Operations, their staged records, and the results.
-- The columns that the X-Force design (seed 000) prescribes for two of the tables come first, with its names and types; Longshore's own follow.
-- Sessions use the time zone UTC, so every TIMESTAMP is in UTC.

-- +goose Up
-- CREATE SCHEMA IF NOT EXISTS needs the right to create schemas also if the schema exists.
-- +goose StatementBegin
DO $$
BEGIN
  IF to_regnamespace('xforce') IS NULL THEN
    CREATE SCHEMA xforce;
  END IF;
END $$;
-- +goose StatementEnd

CREATE TABLE xforce.tasks (
  task_id             UUID NOT NULL,
  task_reference      VARCHAR(32) NOT NULL,
  task_name           VARCHAR(255),
  status              VARCHAR(50) NOT NULL,
  progress            INT DEFAULT 0,
  total_records       INT DEFAULT 0,
  imported_records    INT DEFAULT 0,
  failed_records      INT DEFAULT 0,
  error_message       TEXT,
  is_active           BOOLEAN NOT NULL DEFAULT TRUE,
  created_at          TIMESTAMP DEFAULT NOW(),
  updated_at          TIMESTAMP DEFAULT NOW(),

  kind                TEXT NOT NULL,
  collection          TEXT,
  number              BIGINT,              -- set when sealed: the place in the order of acceptance, and the id in the tasks dialect
  created_records     INT NOT NULL DEFAULT 0,
  updated_records     INT NOT NULL DEFAULT 0,
  superseded_records  INT NOT NULL DEFAULT 0,
  total_chunks        INT NOT NULL DEFAULT 0,
  done_chunks         INT NOT NULL DEFAULT 0,
  lanes               INT NOT NULL DEFAULT 1, -- how many of its chunks may be queued at the same time
  sealed_at           TIMESTAMP,
  started_at          TIMESTAMP,
  finished_at         TIMESTAMP,
  expires_at          TIMESTAMP,
  poll_deadline       TIMESTAMP,
  result              JSONB,
  error_code          TEXT,
  idempotency_key     TEXT,
  payload_digest      BYTEA,

  CONSTRAINT tasks_pk PRIMARY KEY (task_id),
  CONSTRAINT tasks_reference_unique UNIQUE (task_reference),
  CONSTRAINT tasks_number_unique UNIQUE (number),
  CONSTRAINT tasks_status_known CHECK (status IN
    ('receiving', 'waiting', 'running', 'succeeded', 'failed', 'cancelled', 'timed_out')),
  CONSTRAINT tasks_number_when_sealed CHECK ((status = 'receiving') = (number IS NULL)),
  CONSTRAINT tasks_imported_is_the_sum CHECK (imported_records = created_records + updated_records + superseded_records),
  CONSTRAINT tasks_counts_within_total CHECK (status = 'receiving' OR imported_records + failed_records <= total_records)
) WITH (fillfactor = 80); -- its counts change with every chunk: leave room on the page for the new version

CREATE SEQUENCE xforce.task_numbers AS BIGINT OWNED BY xforce.tasks.number;

-- The janitor reads only the few unfinished operations.
CREATE INDEX tasks_unfinished ON xforce.tasks (task_id) WHERE status IN ('receiving', 'waiting', 'running');
CREATE UNIQUE INDEX tasks_idempotency ON xforce.tasks (idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE xforce.task_chunks (
  task_id             UUID NOT NULL REFERENCES xforce.tasks (task_id),
  seq                 INT NOT NULL,           -- from 0
  first_row           INT NOT NULL,           -- from 1
  row_count           INT NOT NULL,
  state               TEXT NOT NULL DEFAULT 'pending',
  attempts            INT NOT NULL DEFAULT 0,
  created_records     INT NOT NULL DEFAULT 0,
  updated_records     INT NOT NULL DEFAULT 0,
  superseded_records  INT NOT NULL DEFAULT 0,
  failed_records      INT NOT NULL DEFAULT 0,
  outcomes            BYTEA,                  -- the outcome of each row, run-length encoded; NULL until done
  payload             BYTEA NOT NULL,
  CONSTRAINT task_chunks_pk PRIMARY KEY (task_id, seq),
  CONSTRAINT task_chunks_state_known CHECK (state IN ('pending', 'done')),
  CONSTRAINT task_chunks_counted CHECK (state = 'pending' OR
    created_records + updated_records + superseded_records + failed_records = row_count)
);
-- The payload is already compressed: store it outside of the row and do not compress it again.
ALTER TABLE xforce.task_chunks ALTER COLUMN payload SET STORAGE EXTERNAL;
CREATE INDEX task_chunks_pending ON xforce.task_chunks (task_id, seq) WHERE state = 'pending';

CREATE TABLE xforce.task_progress (
  progress_id        UUID NOT NULL,
  task_id            UUID NOT NULL REFERENCES xforce.tasks (task_id),
  status             VARCHAR(50) NOT NULL,
  record             JSONB NOT NULL,
  created_at         TIMESTAMP DEFAULT NOW(),

  row_number         INT,                     -- of a FAILED row
  reasons            JSONB,                   -- of a FAILED row: [{pointer, code, message}]
  received           BYTEA,                   -- of a FAILED row: the bytes of the record, even if JSONB can't store it
  CONSTRAINT task_progress_pk PRIMARY KEY (progress_id),
  CONSTRAINT task_progress_failed_is_explained CHECK
    (status <> 'FAILED' OR (row_number IS NOT NULL AND reasons IS NOT NULL AND received IS NOT NULL))
);
-- One FAILED row for each record; the COMPLETED rows of chunks have no row number and do not conflict.
CREATE UNIQUE INDEX task_progress_rows ON xforce.task_progress (task_id, row_number);
