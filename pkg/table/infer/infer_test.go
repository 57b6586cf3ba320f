package infer_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table"
	"github.com/longshore-io/longshore/pkg/table/infer"
	"github.com/longshore-io/longshore/pkg/table/load"
)

func TestInfer(t *testing.T) {
	t.Parallel()
	db := storetest.Connect(t, storetest.NewDatabase(t))
	for name, tt := range map[string]struct {
		tables, table string
		key           []string // which is asked for
		want          string   // the proposed file, without $schema
		why           string
		leftOut       []string
	}{
		"natural primary key": {
			tables: `CREATE TABLE books (isbn VARCHAR(13) PRIMARY KEY, title TEXT NOT NULL, price NUMERIC(8,2), tags TEXT[], extra JSONB);
COMMENT ON TABLE books IS 'All books'; COMMENT ON COLUMN books.price IS 'in euros'`,
			table: "books",
			want: `{"title":"All books","x-longshore":{"table":"public.books","key":["isbn"],"ordering":"ledger","write":"merge"},"type":"object","required":["isbn"],
"properties":{"isbn":{"type":"string","maxLength":13},"title":{"type":"string"},"price":{"title":"in euros","type":["number","null"]},
"tags":{"type":["array","null"],"items":{"type":["string","null"]}},"extra":{}}}`,
			why: "the primary key",
		},
		"unique key before a generated one": {
			tables: `CREATE TABLE people (id BIGSERIAL PRIMARY KEY, email TEXT NOT NULL UNIQUE, nick TEXT UNIQUE, born DATE, created TIMESTAMPTZ NOT NULL DEFAULT now(),
age INT GENERATED ALWAYS AS (1) STORED, status TEXT NOT NULL DEFAULT 'new')`,
			table: "people",
			want: `{"x-longshore":{"table":"public.people","key":["email"],"ordering":"ledger","write":"merge"},"type":"object","required":["email"],
"properties":{"email":{"type":"string"},"nick":{"type":["string","null"]},"born":{"type":["string","null"],"format":"date"},"status":{"type":"string"}}}`,
			why: "Postgres generates the primary key", leftOut: []string{"id", "created", "age"},
		},
		"generated key only": {
			tables: `CREATE TABLE notes (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), text TEXT)`, table: "notes",
			want: `{"x-longshore":{"table":"public.notes","key":["id"],"ordering":"ledger","write":"merge"},"type":"object","required":["id"],
"properties":{"id":{"type":"string","format":"uuid"},"text":{"type":["string","null"]}}}`,
			why: "records must carry them",
		},
		"composite, enum, other schema": {
			tables: `CREATE SCHEMA "Sales Dept"; CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE DOMAIN short AS VARCHAR(3);
CREATE TABLE "Sales Dept"."Order Items" (id INT GENERATED ALWAYS AS IDENTITY, "Order" INT, line SMALLINT, mood mood, code short NOT NULL, spot POINT, PRIMARY KEY ("Order", line))`,
			table: `"Sales Dept"."Order Items"`,
			want: `{"x-longshore":{"table":"\"Sales Dept\".\"Order Items\"","key":["Order","line"],"ordering":"ledger","write":"merge"},"type":"object","required":["Order","line"],
"properties":{"Order":{"type":"integer"},"line":{"type":"integer"},"mood":{"type":["string","null"],"enum":["good","bad",null]},"code":{"type":"string","maxLength":3},"spot":{"type":["string","null"]}}}`,
			why: "the primary key", leftOut: []string{"id"},
		},
		"key of a number": {
			tables: `CREATE TABLE rates (rate NUMERIC PRIMARY KEY)`, table: "rates",
			want: `{"x-longshore":{"table":"public.rates","key":["rate"],"ordering":"none","write":"merge"},"type":"object","required":["rate"],"properties":{"rate":{"type":"number"}}}`,
			why:  "the primary key",
		},
		"the key that is asked for": {
			tables: `CREATE TABLE items (id SERIAL PRIMARY KEY, sku TEXT NOT NULL UNIQUE, ean BIGINT NOT NULL UNIQUE)`, table: "items", key: []string{"ean"},
			want: `{"x-longshore":{"table":"public.items","key":["ean"],"ordering":"ledger","write":"merge"},"type":"object","required":["ean"],
"properties":{"sku":{"type":"string"},"ean":{"type":"integer"}}}`,
			why: "asked for", leftOut: []string{"id"},
		},
		"partitioned": {
			tables: `CREATE TABLE readings (at DATE, sensor INT, value REAL, PRIMARY KEY (at, sensor)) PARTITION BY RANGE (at);
CREATE TABLE readings_2026 PARTITION OF readings FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')`,
			table: "readings",
			want: `{"x-longshore":{"table":"public.readings","key":["at","sensor"],"ordering":"ledger","write":"merge"},"type":"object","required":["at","sensor"],
"properties":{"at":{"type":"string","format":"date"},"sensor":{"type":"integer"},"value":{"type":["number","null"]}}}`,
			why: "the primary key",
		},
		"one partition": {
			tables: `CREATE TABLE logs (day INT, n INT, PRIMARY KEY (day, n)) PARTITION BY LIST (day); CREATE TABLE logs_1 PARTITION OF logs FOR VALUES IN (1)`, table: "logs_1",
			want: `{"x-longshore":{"table":"public.logs_1","key":["day","n"],"ordering":"ledger","write":"merge"},"type":"object","required":["day","n"],
"properties":{"day":{"type":"integer"},"n":{"type":"integer"}}}`,
			why: "the primary key",
		},
		"view": {
			tables: `CREATE TABLE contacts (id SERIAL PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, created TIMESTAMPTZ DEFAULT now());
COMMENT ON COLUMN contacts.name IS 'the full name';
CREATE VIEW people_of AS SELECT id, email AS mail, name, upper(name) AS loud, created FROM contacts WHERE name <> ''`,
			table: "people_of",
			want: `{"x-longshore":{"table":"public.people_of","key":["mail"],"ordering":"ledger","write":"merge"},"type":"object","required":["mail"],
"properties":{"mail":{"type":"string"},"name":{"title":"the full name","type":"string"}}}`,
			why: "Postgres generates the primary key", leftOut: []string{"id", "loud", "created"},
		},
		"view with triggers": {
			tables: `CREATE TABLE stored (id INT PRIMARY KEY, x TEXT); CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE VIEW shown AS TABLE stored; CREATE TRIGGER keep INSTEAD OF INSERT OR UPDATE ON shown FOR EACH ROW EXECUTE FUNCTION keep()`,
			table: "shown", key: []string{"id"},
			want: `{"x-longshore":{"table":"public.shown","key":["id"],"ordering":"ledger","write":"merge"},"type":"object","required":["id"],
"properties":{"id":{"type":"integer"},"x":{"type":["string","null"]}}}`,
			why: "must keep it unique",
		},
		"view with triggers, no key": {
			tables: `CREATE VIEW shown_again AS SELECT 1 AS id, 'a' AS x; CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER keep INSTEAD OF INSERT ON shown_again FOR EACH ROW EXECUTE FUNCTION again()`,
			table: "shown_again",
			want: `{"x-longshore":{"table":"public.shown_again","ordering":"none","write":"insert","verbs":["import"]},"type":"object",
"properties":{"id":{"type":["integer","null"]},"x":{"type":["string","null"]}}}`,
			why: "only the triggers or rules of the view know its key",
		},
		"no key": {
			tables: `CREATE TABLE audit (at TIMESTAMPTZ NOT NULL DEFAULT now(), who TEXT NOT NULL, what JSONB)`, table: "audit",
			want: `{"x-longshore":{"table":"public.audit","ordering":"none","write":"insert","verbs":["import"]},"type":"object","properties":{"who":{"type":"string"},"what":{}}}`,
			why:  "each record is appended", leftOut: []string{"at"},
		},
		"partial index": {
			tables: "CREATE TABLE part (x TEXT NOT NULL); CREATE UNIQUE INDEX ON part (x) WHERE x <> ''", table: "part", want: appended("part", `{"x":{"type":"string"}}`), why: "none",
		},
		"null in a key": {
			tables: "CREATE TABLE nullable (x TEXT UNIQUE)", table: "nullable", want: appended("nullable", `{"x":{"type":["string","null"]}}`), why: "never NULL",
		},
		"identity key": {
			tables: "CREATE TABLE numbered (id INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, x TEXT)", table: "numbered",
			want: appended("numbered", `{"x":{"type":["string","null"]}}`), why: "none", leftOut: []string{"id"},
		},
		"expression key": {
			tables: "CREATE TABLE lowered (x TEXT NOT NULL); CREATE UNIQUE INDEX ON lowered (lower(x))", table: "lowered",
			want: appended("lowered", `{"x":{"type":"string"}}`), why: "none",
		},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // they share the connection
			if _, err := db.Exec(t.Context(), tt.tables); err != nil {
				t.Fatal(err)
			}
			got, err := infer.Infer(t.Context(), db, infer.Order{Table: tt.table, Key: tt.key})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decoded(t, tt.want), without(decoded(t, string(got.Collection)), "$schema")); diff != "" {
				t.Errorf("Infer() (-want +got):\n%s", diff)
			}
			if !strings.Contains(got.Key.Why, tt.why) {
				t.Errorf("the key was chosen because it is %q, want %q", got.Key.Why, tt.why)
			}
			var leftOut []string
			for _, l := range got.LeftOut {
				leftOut = append(leftOut, l.Column)
			}
			if !slices.Equal(leftOut, tt.leftOut) {
				t.Errorf("columns that were left out = %q, want %q", leftOut, tt.leftOut)
			}
			expectDescribed(t.Context(), t, db, got)
		})
	}
}

// appended is the file of a collection that appends records.
func appended(table, properties string) string {
	return `{"x-longshore":{"table":"public.` + table + `","ordering":"none","write":"insert","verbs":["import"]},"type":"object","properties":` + properties + `}`
}

// expectDescribed checks that a proposal is a collection that can be imported into.
func expectDescribed(ctx context.Context, t *testing.T, db *pgx.Conn, p *infer.Proposal) {
	t.Helper()
	c, err := collection.Parse(p.Name, p.Collection)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := load.Describe(ctx, db, c); err != nil {
		t.Errorf("Describe() of the proposal = %v, want no error", err)
	}
}

func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return m
}

func without(m map[string]any, name string) map[string]any {
	delete(m, name)
	return m
}

func TestInferErrors(t *testing.T) {
	t.Parallel()
	db := storetest.Connect(t, storetest.NewDatabase(t))
	for name, tt := range map[string]struct {
		tables, table string
		key           []string
		is            func(error) bool
		want          string
	}{
		"no table":     {"SELECT 1", "lost", nil, func(err error) bool { return errors.Is(err, table.ErrNotFound) }, "no such table"},
		"no name":      {"SELECT 1", "a b", nil, func(err error) bool { return errors.Is(err, table.ErrNotFound) }, ""},
		"ambiguous":    {"CREATE TABLE a (id SERIAL PRIMARY KEY, x TEXT NOT NULL UNIQUE, y INT NOT NULL UNIQUE)", "a", nil, isA[*infer.AmbiguousKeyError], "(x), (y)"},
		"inherited":    {"CREATE TABLE b (x TEXT PRIMARY KEY); CREATE TABLE child () INHERITS (b)", "b", nil, isA[*infer.UnfitError], "inherit from it"},
		"foreign":      {"CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE c (x TEXT) SERVER s", "c", nil, isA[*infer.UnfitError], "foreign table"},
		"materialized": {"CREATE MATERIALIZED VIEW d AS SELECT 1 AS x", "d", nil, isA[*infer.UnfitError], "REFRESH"},
		"view of many": {"CREATE VIEW g AS SELECT count(*) AS n FROM pg_class", "g", []string{"n"}, isA[*infer.UnfitError], "does not take INSERT and UPDATE"},
		"rules":        {"CREATE TABLE h (x TEXT); CREATE RULE r AS ON INSERT TO h DO ALSO NOTHING", "h", nil, isA[*infer.UnfitError], "has rules (r)"},
		"not a key":    {"CREATE TABLE e (x TEXT PRIMARY KEY, y INT)", "e", []string{"y"}, isA[*infer.NoKeyError], "(y)"},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // they share the connection
			if _, err := db.Exec(t.Context(), tt.tables); err != nil {
				t.Fatal(err)
			}
			if got, err := infer.Infer(t.Context(), db, infer.Order{Table: tt.table, Key: tt.key}); err == nil || !tt.is(err) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Infer() = %+v, %v, want an error with %q", got, err, tt.want)
			}
		})
	}
}

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// TestInferLookups lists the lookups that foreign keys allow, which can be put into the collection as they are.
func TestInferLookups(t *testing.T) {
	t.Parallel()
	db := storetest.Connect(t, storetest.NewDatabase(t))
	storetest.Exec(t, db, `CREATE SCHEMA crm; CREATE TABLE crm."Customers" (id BIGSERIAL PRIMARY KEY, email TEXT NOT NULL UNIQUE, nick TEXT UNIQUE);
CREATE TABLE regions (id INT PRIMARY KEY, country TEXT NOT NULL, code INT NOT NULL, UNIQUE (country, code)); CREATE TABLE colors (name TEXT PRIMARY KEY);
CREATE TABLE items (id INT PRIMARY KEY, sku TEXT NOT NULL UNIQUE, ean TEXT NOT NULL UNIQUE); CREATE TABLE parts (id INT PRIMARY KEY, sku TEXT NOT NULL); CREATE UNIQUE INDEX ON parts (lower(sku));
CREATE TABLE orders (no INT PRIMARY KEY, code TEXT NOT NULL UNIQUE, customer_id BIGINT REFERENCES crm."Customers", region INT REFERENCES regions, color TEXT REFERENCES colors, item_id INT REFERENCES items,
  part_id INT REFERENCES parts, parent_id INT REFERENCES orders, other_id INT GENERATED ALWAYS AS (1) STORED REFERENCES regions)`)
	p, err := infer.Infer(t.Context(), db, infer.Order{Table: "orders"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]infer.Lookup{
		"customer_id": {Table: `"crm"."Customers"`, By: map[string]string{"customer.email": "email"}},
		"region":      {Table: "public.regions", By: map[string]string{"regions.country": "country", "regions.code": "code"}},
		"parent_id":   {Table: "public.orders", By: map[string]string{"parent.code": "code"}},
	}
	if diff := cmp.Diff(want, p.Lookups); diff != "" {
		t.Errorf("lookups (-want +got):\n%s", diff)
	}
	lookups, err := json.Marshal(p.Lookups)
	if err != nil {
		t.Fatal(err)
	}
	c, err := collection.Parse("orders", []byte(strings.Replace(string(p.Collection), `"key"`, `"lookups":`+string(lookups)+`,"key"`, 1)))
	if err == nil {
		err = load.CheckFit(t.Context(), db, c, c.Writing.Mode)
	}
	if err != nil {
		t.Errorf("the collection with the lookups: %v", err)
	}
}
