-- Who did what, from where. The api adds entries and never changes them; the janitor deletes old ones.
-- +goose Up
CREATE TABLE xforce.audit_log (
  entry_id        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at              TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  tenant          TEXT NOT NULL,
  principal_kind  TEXT NOT NULL,  -- key, token, session, oidc, local, command; none if the credential was refused
  principal       TEXT NOT NULL,  -- as in xforce.tasks; of a refused credential the id that it names, if any
  credential      TEXT,           -- the id of the token or session
  action          TEXT NOT NULL,  -- the action of the route
  method          TEXT NOT NULL,
  route           TEXT NOT NULL,
  object          TEXT,           -- what it was about: the id of an operation or of a key, the name of a file
  collection      TEXT,
  status          SMALLINT NOT NULL,
  client          TEXT NOT NULL,  -- the address
  request_id      TEXT NOT NULL
);
CREATE INDEX audit_log_by_tenant ON xforce.audit_log (tenant, entry_id);
CREATE INDEX audit_log_by_time ON xforce.audit_log (at);
