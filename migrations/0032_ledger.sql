-- The keys that chunks have written into tables without columns for the order of imports, as long as an earlier chunk may still come. A
-- later record stays, although its table does not say which import wrote it.
-- +goose Up
CREATE TABLE xforce.ledger (
  target TEXT NOT NULL,
  number BIGINT NOT NULL,
  seq    INT NOT NULL,
  keys   BYTEA NOT NULL,
  PRIMARY KEY (target, number, seq)
);
-- Compression would take longer than writing the keys.
ALTER TABLE xforce.ledger ALTER COLUMN keys SET STORAGE EXTERNAL;

COMMENT ON TABLE xforce.ledger IS 'The keys that chunks have written, as long as an earlier chunk may still come (x-longshore.ordering: ledger).';
COMMENT ON COLUMN xforce.ledger.target IS 'Table and columns of the key.';
COMMENT ON COLUMN xforce.ledger.number IS 'Number of the import.';
COMMENT ON COLUMN xforce.ledger.seq IS 'Chunk of the import.';
COMMENT ON COLUMN xforce.ledger.keys IS 'The keys in ascending order, each after its length, as they are sent to Postgres.';
