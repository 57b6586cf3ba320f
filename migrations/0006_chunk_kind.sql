-- Marks the chunk that represents the split of a multipart upload, which only the number -1 distinguished from other chunks before.
-- +goose Up
ALTER TABLE xforce.task_chunks
  ADD COLUMN kind  TEXT NOT NULL DEFAULT 'step',  -- 'step': one or more steps of the operation; 'split': the split of its upload, before all steps
  ADD CONSTRAINT task_chunks_kind_known CHECK (kind IN ('step', 'split')) NOT VALID;  -- every row has the default, so none needs to be read

UPDATE xforce.task_chunks SET kind = 'split' WHERE seq = -1;
CREATE UNIQUE INDEX task_chunks_split ON xforce.task_chunks (task_id) WHERE kind = 'split';

-- Programs of the previous release may run on this schema. They insert a split with the number -1 and no kind.
-- +goose StatementBegin
CREATE FUNCTION xforce.set_chunk_kind() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.kind := 'split';
  RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER task_chunks_kind BEFORE INSERT ON xforce.task_chunks
  FOR EACH ROW WHEN (NEW.seq = -1) EXECUTE FUNCTION xforce.set_chunk_kind();
