package load_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// TestDescribeErrors checks that the error names each problem of a table or its collection.
func TestDescribeErrors(t *testing.T) {
	t.Parallel()
	const bookkeeping = ", import_number BIGINT, import_row INT)"
	tests := map[string]struct {
		table, properties string
		want              []string
	}{
		"no table": {"", `"id": {}`, []string{"there is no such table"}},
		"view": {
			"CREATE VIEW x AS SELECT 'a'::text AS id, 1::bigint AS import_number, 1 AS import_row", `"id": {}`,
			[]string{"a view that does not take INSERT and UPDATE", "INSTEAD OF trigger"},
		},
		"materialized view": {"CREATE MATERIALIZED VIEW x AS SELECT 'a'::text AS id, 1::bigint AS import_number, 1 AS import_row", `"id": {}`, []string{"REFRESH"}},
		"view without a unique index": {
			"CREATE TABLE y (id TEXT" + bookkeeping + "; CREATE VIEW x AS TABLE y", `"id": {}`,
			[]string{"unique index on exactly (id)"},
		},
		"view with an expression": {
			"CREATE TABLE y (id TEXT PRIMARY KEY, n INT" + bookkeeping + "; CREATE VIEW x AS SELECT id, n + 1 AS n, import_number, import_row FROM y", `"id": {}, "n": {}`,
			[]string{`column "n" is generated`},
		},
		"view of a parent": {
			"CREATE TABLE y (id TEXT PRIMARY KEY" + bookkeeping + "; CREATE TABLE child () INHERITS (y); CREATE VIEW x AS TABLE y", `"id": {}`,
			[]string{"other tables inherit from it"},
		},
		"partitioned without a unique index": {
			"CREATE TABLE x (id TEXT" + bookkeeping + " PARTITION BY LIST (id); CREATE TABLE y PARTITION OF x (PRIMARY KEY (id)) DEFAULT", `"id": {}`,
			[]string{"unique index on exactly (id)"},
		},
		"no column": {
			"CREATE TABLE x (id TEXT PRIMARY KEY" + bookkeeping, `"id": {}, "ID": {}`,
			[]string{`property "ID" has no column`},
		},
		"no bookkeeping": {"CREATE TABLE x (id TEXT PRIMARY KEY)", `"id": {}`, []string{`ALTER TABLE "public"."x" ADD COLUMN import_number BIGINT, ADD COLUMN import_row INT, or set`}},
		"wrong bookkeeping": {
			"CREATE TABLE x (id TEXT PRIMARY KEY, import_number INT, import_row INT)", `"id": {}`,
			[]string{`import_number must be of the type BIGINT, but is integer: ALTER TABLE "public"."x" ALTER COLUMN import_number TYPE BIGINT`},
		},
		"declared bookkeeping": {
			"CREATE TABLE x (id TEXT PRIMARY KEY" + bookkeeping, `"id": {}, "import_row": {}`,
			[]string{`property "import_row"`, "rename it"},
		},
		"no unique index": {"CREATE TABLE x (id TEXT" + bookkeeping, `"id": {}`, []string{"unique index on exactly (id)"}},
		"wider index":     {"CREATE TABLE x (id TEXT, n INT, UNIQUE (id, n)" + bookkeeping, `"id": {}, "n": {}`, []string{"exactly (id)"}},
		"partial index": {
			"CREATE TABLE x (id TEXT" + bookkeeping + "; CREATE UNIQUE INDEX ON x (id) WHERE id <> ''", `"id": {}`,
			[]string{"exactly (id)"},
		},
		"expression index": {
			"CREATE TABLE x (id TEXT" + bookkeeping + "; CREATE UNIQUE INDEX ON x (lower(id))", `"id": {}`,
			[]string{"exactly (id)"},
		},
		"deferrable index": {"CREATE TABLE x (id TEXT UNIQUE DEFERRABLE" + bookkeeping, `"id": {}`, []string{"not deferrable"}},
		"undeclared not null": {
			"CREATE TABLE x (id TEXT PRIMARY KEY, n INT NOT NULL" + bookkeeping, `"id": {}`,
			[]string{`column "n" is NOT NULL`},
		},
		"undeclared domain": {
			"CREATE DOMAIN d AS INT NOT NULL; CREATE TABLE x (id TEXT PRIMARY KEY, n d" + bookkeeping,
			`"id": {}`,
			[]string{`column "n" is NOT NULL`},
		},
		"generated": {"CREATE TABLE x (id TEXT PRIMARY KEY, n INT GENERATED ALWAYS AS (1) STORED, i INT GENERATED ALWAYS AS IDENTITY" +
			bookkeeping, `"id": {}, "n": {}, "i": {}`, []string{`"n" is generated`, `"i" is generated`}},
		"image key": {
			"CREATE TYPE pair AS (a NUMERIC, b INT); CREATE TABLE x (id pair" + bookkeeping + "; CREATE UNIQUE INDEX ON x (id record_image_ops)", `"id": {}`,
			[]string{"exactly (id)"},
		},
		"collated index": {"CREATE COLLATION c (provider = icu, locale = 'und-u-ks-level2', deterministic = false); CREATE TABLE x (id TEXT" +
			bookkeeping + "; CREATE UNIQUE INDEX ON x (id COLLATE c)", `"id": {}`, []string{"the collations of its columns"}},
		"types apart": {"CREATE TABLE x (id TEXT PRIMARY KEY, n INT, l TEXT[]" + bookkeeping, `"id": {"type": "integer"}, "n": {"type": ["boolean", "null"]}, "l": {"type": "string"}`, []string{`"id" is declared as integer, but its column's type text needs a string`, `"n" is declared as boolean or null`, `"l" is declared as string`}},
		"format of a zone": {
			"CREATE TABLE x (id TEXT PRIMARY KEY, at TIMESTAMP, clock TIME" + bookkeeping,
			`"id": {}, "at": {"type": "string", "format": "date-time"}, "clock": {"anyOf": [{"format": "time"}]}`,
			[]string{`"at" has the format date-time, which demands an offset`, `"clock" has the format time`, "remove the format"},
		},
		"inherited": {
			"CREATE TABLE x (id TEXT PRIMARY KEY" + bookkeeping + "; CREATE TABLE child () INHERITS (x)", `"id": {}`,
			[]string{"other tables inherit from it"},
		},
		"privileges": {
			"CREATE TABLE x (id TEXT PRIMARY KEY, n INT" + bookkeeping + "; GRANT SELECT, INSERT (id, n, import_number, import_row), UPDATE (n) ON x TO pg_monitor;" +
				"SET LOCAL ROLE pg_monitor", `"id": {}, "n": {}`,
			[]string{"pg_monitor lacks the privilege UPDATE:", `GRANT SELECT, INSERT, UPDATE ON "public"."x" TO "pg_monitor"`},
		},
		"no privileges": {
			"CREATE TABLE x (id TEXT PRIMARY KEY" + bookkeeping + "; SET LOCAL ROLE pg_monitor", `"id": {}`,
			[]string{"lacks the privilege SELECT and INSERT and UPDATE"},
		},
		"no PL/pgSQL": {
			"CREATE TABLE x (id TEXT PRIMARY KEY" + bookkeeping + "; GRANT SELECT, INSERT, UPDATE ON x TO pg_monitor;" +
				"REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC; SET LOCAL ROLE pg_monitor", `"id": {}`,
			[]string{`GRANT USAGE ON LANGUAGE plpgsql TO "pg_monitor"`},
		},
		"all at once": {
			"CREATE TABLE x (id NUMERIC, n INT NOT NULL)", `"id": {}, "z": {}`,
			[]string{"bookkeeping", "exactly (id)", `"n" is NOT NULL`, `"z" has no column`},
		},
	}
	conn := storetest.Connect(t, storetest.NewDatabase(t))
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := parse(t, fmt.Sprintf(`{"x-longshore": {"table": "x", "key": ["id"]}, "properties": {%s}}`, tt.properties))
			err := describeTemporarily(t, conn, tt.table, c)
			if err == nil {
				t.Fatal("Describe() error = nil, want an error")
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("Describe() error = %v, want one with %q", err, part)
				}
			}
		})
	}
}

// describeTemporarily describes a collection whose tables it creates and rolls back.
func describeTemporarily(t *testing.T, conn *pgx.Conn, tables string, c *collection.Collection) error {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), tables); err != nil {
		t.Fatalf("%s: %v", tables, err)
	}
	_, err = load.Describe(t.Context(), tx, c)
	return err
}

// TestDescribeWarnings checks that triggers that may change or drop rows are named, and no others.
func TestDescribeWarnings(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable+`;
		CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
		CREATE TRIGGER after AFTER INSERT ON parts FOR EACH ROW EXECUTE FUNCTION keep();
		CREATE TRIGGER deletion BEFORE DELETE ON parts FOR EACH ROW EXECUTE FUNCTION keep();
		CREATE TRIGGER disabled BEFORE INSERT ON parts FOR EACH ROW EXECUTE FUNCTION keep();
		ALTER TABLE parts DISABLE TRIGGER disabled`, partsSchema)
	if got := f.table.Warnings(); len(got) > 0 {
		t.Errorf("Warnings() = %q, want none", got)
	}
	exec(t, f.conn, "CREATE TRIGGER touched BEFORE UPDATE ON parts FOR EACH ROW EXECUTE FUNCTION keep()")
	f.describe(t)
	if got := f.table.Warnings(); len(got) != 1 || !strings.Contains(got[0], "(touched)") {
		t.Errorf("Warnings() = %q, want one about the trigger touched", got)
	}
}

// TestDescribeUnusualTables loads into tables with an unusual but valid definition.
func TestDescribeUnusualTables(t *testing.T) {
	t.Parallel()
	const uuid, date = "1b4e28ba-2fa1-11d2-883f-0016d3cca427", "2026-01-31"
	tests := map[string]struct{ table, id, absent string }{
		"unique index with more":  {`CREATE TABLE x (n INT, id TEXT, import_number BIGINT, import_row INT); CREATE UNIQUE INDEX ON x (id) INCLUDE (n)`, date, ""},
		"primary key elsewhere":   {`CREATE TABLE x (n INT, s BIGSERIAL PRIMARY KEY, id VARCHAR(9) NOT NULL UNIQUE, import_number BIGINT, import_row INT)`, "a", ""},
		"identity undeclared":     {`CREATE TABLE x (s INT GENERATED ALWAYS AS IDENTITY, n INT, id UUID PRIMARY KEY, import_number BIGINT, import_row INT)`, uuid, ""},
		"columns dropped":         {`CREATE TABLE x (gone INT, n INT, import_row INT, id TEXT UNIQUE, import_number BIGINT); ALTER TABLE x DROP gone`, date, ""},
		"unlogged with a default": {`CREATE UNLOGGED TABLE x (id DATE PRIMARY KEY, n INT DEFAULT 3, t TEXT NOT NULL DEFAULT 'd', import_number BIGINT, import_row INT)`, date, "3"},
	}
	url := storetest.NewDatabase(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newSharedFixture(t, url, tt.table,
				`{"x-longshore": {"table": "x", "key": ["id"]}, "properties": {"n": {"type": "integer"}, "id": {"type": "string"}}}`)
			f.load(t, 1, record{1, fmt.Sprintf(`{"id":%q,"n":1}`, tt.id)}).want(t, []string{"1:created"}, nil)
			f.load(t, 1, record{2, fmt.Sprintf(`{"id":%q}`, tt.id)}).want(t, []string{"2:updated"}, nil)
			f.wantRows(t, "SELECT id, n, import_number, import_row FROM x", "("+tt.id+","+tt.absent+",1,2)")
		})
	}
}
