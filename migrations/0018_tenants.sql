-- Operations belong to tenants. Those of older releases, and those that older programs add while both releases run, belong to the tenant
-- "default", where task_id and number are public. In every other tenant clients see and choose public_id, from which task_id is derived
-- together with the tenant, so that two tenants may choose the same one; and public_number, which ascends by itself in each tenant.
-- +goose Up
ALTER TABLE xforce.tasks
  ADD COLUMN tenant         TEXT NOT NULL DEFAULT 'default',
  ADD COLUMN public_id      UUID,    -- the id that clients use; NULL in the tenant "default"
  ADD COLUMN public_number  BIGINT,  -- the number that clients use, set together with number; NULL in the tenant "default"
  -- Every older row fits, so none needs to be read.
  ADD CONSTRAINT tasks_public_id_of_tenant CHECK ((tenant = 'default') = (public_id IS NULL)) NOT VALID,
  ADD CONSTRAINT tasks_public_number_of_tenant CHECK ((tenant = 'default' OR number IS NULL) = (public_number IS NULL)) NOT VALID;

-- Draws the public number from the sequence of the tenant, which the first operation of the tenant creates. Numbers may be skipped. The
-- function has the rights of the owner, because the services may not create sequences.
-- +goose StatementBegin
CREATE FUNCTION xforce.draw_public_number() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  numbers text := 'xforce.task_numbers_' || md5(NEW.tenant);
BEGIN
  IF to_regclass(numbers) IS NULL THEN
    PERFORM pg_advisory_xact_lock(hashtext('longshore:public_numbers'), hashtext(NEW.tenant));
    EXECUTE 'CREATE SEQUENCE IF NOT EXISTS ' || numbers;
  END IF;
  NEW.public_number := nextval(numbers);
  RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER tasks_public_number BEFORE INSERT OR UPDATE ON xforce.tasks
  FOR EACH ROW WHEN (NEW.tenant <> 'default' AND NEW.number IS NOT NULL AND NEW.public_number IS NULL)
  EXECUTE FUNCTION xforce.draw_public_number();

-- The hash of a label outside of the tenant "default" contains the tenant, so that a list by a label reads no labels of other tenants.
-- +goose StatementBegin
CREATE FUNCTION xforce.label_hash(tenant text, label text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT md5(CASE tenant WHEN 'default' THEN '' ELSE md5(tenant) || '/' END || label)::uuid
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION xforce.keep_labels() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.is_active THEN
    INSERT INTO xforce.task_labels (label, number)
    SELECT xforce.label_hash(NEW.tenant, key || '=' || value), NEW.number FROM jsonb_each_text(NEW.labels) ON CONFLICT DO NOTHING;
  ELSE
    DELETE FROM xforce.task_labels
    WHERE number = NEW.number AND label = ANY (ARRAY(
      SELECT xforce.label_hash(NEW.tenant, key || '=' || value) FROM jsonb_each_text(NEW.labels)));
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
