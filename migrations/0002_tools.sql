-- The target table of the collection that ships with Longshore. Every target table has the last two columns, the number of the import
-- that wrote the record last and the row in it. With them the later row wins, in whichever order chunks are processed.

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
