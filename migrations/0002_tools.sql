-- The target of the collection that ships with Longshore. Every target table has the two columns at the end:
-- which import, and which of its rows, wrote the record last. They let a later row win however chunks interleave.

-- +goose Up
CREATE TABLE xforce.tools (
  tool_id        TEXT COLLATE "C" NOT NULL,
  tool_name      TEXT NOT NULL,
  category       TEXT NOT NULL,
  description    TEXT,
  features       TEXT[],
  url            TEXT,
  import_number  BIGINT,
  import_row     INT,
  CONSTRAINT tools_pk PRIMARY KEY (tool_id)
);
