-- The labels of the operations that lists show, so that a list by a label reads a bounded number of rows. A GIN index can't do that: it
-- finds all operations with the label, in no order. The rows of older operations follow in 0014, without a lock on their table.
-- +goose Up
CREATE TABLE xforce.task_labels (
  label   UUID NOT NULL,    -- MD5 of name=value
  number  BIGINT NOT NULL,  -- of the operation
  CONSTRAINT task_labels_pk PRIMARY KEY (label, number)
);

-- Triggers write the rows, because programs of the previous release may run on this schema. They have the rights of the owner.
-- +goose StatementBegin
CREATE FUNCTION xforce.keep_labels() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.is_active THEN
    INSERT INTO xforce.task_labels (label, number)
    SELECT md5(key || '=' || value)::uuid, NEW.number FROM jsonb_each_text(NEW.labels) ON CONFLICT DO NOTHING;
  ELSE
    DELETE FROM xforce.task_labels
    WHERE number = NEW.number AND label = ANY (ARRAY(SELECT md5(key || '=' || value)::uuid FROM jsonb_each_text(NEW.labels)));
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER tasks_labels_of_insert AFTER INSERT ON xforce.tasks
  FOR EACH ROW WHEN (NEW.number IS NOT NULL AND NEW.labels <> '{}') EXECUTE FUNCTION xforce.keep_labels();
CREATE TRIGGER tasks_labels_of_update AFTER UPDATE ON xforce.tasks
  FOR EACH ROW WHEN (NEW.number IS NOT NULL AND NEW.labels <> '{}' AND (OLD.number IS NULL OR OLD.is_active <> NEW.is_active))
  EXECUTE FUNCTION xforce.keep_labels();
