package ingest_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collectiontest"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/record"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/worker"
	"github.com/longshore-io/longshore/services/importer/internal/ingest"
)

// The tables of a shop: orders refer to customers and, by two columns, to regions.
const shopTables = `
CREATE EXTENSION IF NOT EXISTS citext;
CREATE TABLE customers (id INT GENERATED ALWAYS AS IDENTITY (START 101) PRIMARY KEY, email CITEXT NOT NULL UNIQUE, name TEXT NOT NULL DEFAULT '-' CHECK (name <> 'no'), vip BOOL);
CREATE TABLE regions (id INT PRIMARY KEY, country TEXT NOT NULL, code INT NOT NULL, UNIQUE (country, code));
CREATE TABLE orders (no INT PRIMARY KEY, customer_id INT REFERENCES customers, region_id INT REFERENCES regions, note TEXT CHECK (note <> 'no'));
INSERT INTO customers (email) VALUES ('ann@x.org'), ('bob@x.org');
INSERT INTO regions VALUES (1, 'DE', 7), (2, 'FR', 7)`

// shopFile is a collection of orders in a write mode, with what happens to missing customers.
func shopFile(write, missing string) string {
	return strings.NewReplacer("WRITE", write, "MISSING", missing).Replace(`{"x-longshore": {"table": "orders", "key": ["no"], "ordering": "none", "write": "WRITE", "lookups": {
    "customer_id": {"table": "customers", "by": {"customer.email": "email"}, MISSING},
    "region_id": {"table": "regions", "by": {"region.country": "country", "region.code": "code"}}}},
  "required": ["no", "customer_id"],
  "properties": {"no": {"type": "integer"}, "customer_id": {"type": ["integer", "null"]}, "region_id": {"type": ["integer", "null"]}, "note": {"type": "string"}}}`)
}

const (
	orMissing = `"missing": "reject"`
	orNull    = `"missing": "null"`
	orCreate  = `"missing": "create", "create": {"customer.name": "name", "customer.vip": "vip"}`
)

// imported imports the records as one chunk into a collection, and returns the reasons of the rejected ones.
func (f fixture) imported(t *testing.T, collection string, records ...string) (reasons []string) {
	t.Helper()
	return f.importedBy(t, store.Draft{Collection: collection, Lanes: 1}, records...)
}

// importedBy is imported with a draft of the operation.
func (f fixture) importedBy(t *testing.T, draft store.Draft, records ...string) (reasons []string) {
	t.Helper()
	op := accept(t, f.db, draft, len(records), slices.Values(records))
	if end := f.finish(t, op); end.State != operation.Succeeded {
		t.Fatalf("operation = %+v, want Succeeded", end)
	}
	err := f.db.Rejections(t.Context(), op.ID, 0, func(r operation.Rejection) error {
		for _, reason := range r.Reasons {
			reasons = append(reasons, fmt.Sprintf("%d %s %s", r.Row, reason.Pointer, reason.Code))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return reasons
}

func (f fixture) wantRows(t *testing.T, sql string, want ...string) {
	t.Helper()
	rows, err := f.sql.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", sql, diff)
	}
}

func TestProcessLookups(t *testing.T) {
	t.Parallel()
	const selectOrders = `SELECT concat_ws(' ', no, coalesce(customer_id::text, '-'), coalesce(region_id::text, '-')) FROM orders ORDER BY no`
	for name, tt := range map[string]struct {
		write, missing, before string
		records                []string
		reasons, orders        []string
	}{
		"found": {
			write: "replace", missing: orMissing,
			records: []string{
				`{"no":1,"customer":{"email":"ann@x.org"}}`, `{"no":2,"customer.email":"BOB@X.ORG","region":{"country":"FR","code":7}}`,
				`{"no":3,"customer":{"email":"Ann@x.org"},"region.country":"DE","region.code":"7"}`,
			},
			orders: []string{"1 101 -", "2 102 2", "3 101 1"},
		},
		"missing": {
			write: "replace", missing: orMissing,
			records: []string{
				`{"no":1,"customer":{"email":"eve@x.org"}}`, `{"no":2,"customer.email":"eve@x.org"}`, `{"no":3,"customer":{"email":"bob@x.org"},"region":{"country":"FR","code":8}}`,
				`{"no":4,"customer.email":"bob@x.org"}`,
			},
			reasons: []string{"1 /customer/email lookup-missing", "2 /customer.email lookup-missing", "3 /region/code lookup-missing"},
			orders:  []string{"4 102 -"},
		},
		"null if missing": {
			write: "replace", missing: orNull,
			records: []string{`{"no":1,"customer.email":"eve@x.org"}`, `{"no":2,"customer.email":"bob@x.org"}`, `{"no":3,"customer.email":"eve@x.org","customer_id":101}`},
			reasons: []string{"3 /customer.email lookup-missing"},
			orders:  []string{"1 - -", "2 102 -"},
		},
		"absent and null": {
			write: "replace", missing: orMissing,
			records: []string{
				`{"no":1}`, `{"no":2,"customer":{}}`, `{"no":3,"customer":null}`, `{"no":4,"customer":{"email":null}}`, `{"no":5,"customer_id":102}`,
				`{"no":6,"customer_id":null,"customer.email":"ann@x.org"}`,
			},
			reasons: []string{"1 /customer_id required", "2 /customer_id required"},
			orders:  []string{"3 - -", "4 - -", "5 102 -", "6 101 -"},
		},
		"both": {
			write: "replace", missing: orMissing,
			records: []string{`{"no":1,"customer_id":102,"customer.email":"bob@x.org"}`, `{"no":2,"customer_id":101,"customer.email":"bob@x.org"}`},
			reasons: []string{"2 /customer_id lookup-conflict"},
			orders:  []string{"1 102 -"},
		},
		"incomplete": {
			write: "replace", missing: orMissing,
			records: []string{
				`{"no":1,"customer_id":101,"region":{"country":"FR"}}`, `{"no":2,"customer_id":101,"region":{"country":"FR","code":null}}`,
				`{"no":3,"customer_id":101,"region":{"country":null,"code":null}}`,
			},
			reasons: []string{"1 /region/code lookup-incomplete", "2 /region/code lookup-incomplete"},
			orders:  []string{"3 101 -"},
		},
		"wrong values": {
			write: "replace", missing: orMissing,
			records: []string{
				`{"no":1,"customer":{"email":["a"]}}`, `{"no":2,"customer":{"email":"ann@x.org"},"region":{"country":"FR","code":"seven"}}`, `{"no":3,"customer":"ann@x.org"}`,
				`{"no":4,"customer.emial":"ann@x.org"}`, `{"no":5,"customer":{"email":"ann@x.org","nmae":"Ann"}}`, `{"no":"six","customer.email":"ann@x.org"}`,
				`{"no":7,"customer.email":"ann@x.org","note":"no"}`, `{"no":99999999999,"customer.email":"ann@x.org"}`, `{"no":9,"customer.email":"ann@x.org"}`,
			},
			reasons: []string{
				"1 /customer/email type-mismatch", "2 /region/code type-mismatch", "3 /customer not-an-object", "4 /customer.emial unknown-member",
				"5 /customer/nmae unknown-member", "6 /no type", "7 /note check-violation", "8 /no value-out-of-range",
			},
			orders: []string{"9 101 -"},
		},
		"merge leaves the column alone": {
			write: "merge", missing: orMissing, before: `INSERT INTO orders VALUES (1, 101, 1), (2, 101, 1), (3, 101, 1)`,
			records: []string{`{"no":1,"customer.email":"bob@x.org"}`, `{"no":2,"region":{"country":"FR","code":7}}`, `{"no":3,"region":null}`},
			orders:  []string{"1 102 1", "2 101 2", "3 101 -"},
		},
		"delete": {
			write: "delete", missing: orCreate, before: `INSERT INTO orders VALUES (1, 101, 1), (2, 101, 1)`,
			records: []string{`{"no":1,"customer.email":"eve@x.org"}`},
			orders:  []string{"2 101 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixtureOf(t, shopTables+";"+tt.before, map[string]string{"orders": shopFile(tt.write, tt.missing)}, store.Options{}, 2)
			if diff := cmp.Diff(tt.reasons, f.imported(t, "orders", tt.records...)); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
			f.wantRows(t, selectOrders, tt.orders...)
			f.wantRows(t, `SELECT string_agg(email, ' ' ORDER BY id) FROM customers`, "ann@x.org bob@x.org")
		})
	}
}

// TestProcessLookupsCreate creates the customers that are missing: each once, and none for a record that is rejected
// before it reaches the table.
func TestProcessLookupsCreate(t *testing.T) {
	t.Parallel()
	f := newFixtureOf(t, shopTables, map[string]string{"orders": shopFile("replace", orCreate)}, store.Options{}, 2)
	got := f.imported(t, "orders",
		`{"no":1,"customer":{"email":"eve@x.org","name":"Eve","vip":true}}`, `{"no":2,"customer":{"email":"EVE@x.org","name":"Other"}}`,
		`{"no":3,"customer.email":"dan@x.org"}`, `{"no":4,"customer":{"email":"ann@x.org","name":"Ann"}}`,
		`{"no":5,"customer":{"email":"refused@x.org","name":"no"}}`, `{"no":6,"customer":{"email":"invalid@x.org","vip":"perhaps"}}`,
		`{"no":"x","customer.email":"schema@x.org"}`, `{"no":99999999999,"customer.email":"column@x.org"}`, `{"no":9,"customer.email":"sent@x.org","customer_id":101}`,
		`{"no":10,"customer.email":"region@x.org","region":{"country":"FR","code":"x"}}`,
		`{"no":11,"customer":{"email":"two@x.org","vip":"perhaps"}}`, `{"no":12,"customer":{"email":"two@x.org","vip":"t"}}`,
	)
	want := []string{
		"5 /customer/name check-violation", "6 /customer/vip invalid-value", "7 /no type", "8 /no value-out-of-range", "9 /customer.email lookup-missing",
		"10 /region/code type-mismatch",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	f.wantRows(t, `SELECT concat_ws(' ', email, name, vip) FROM customers ORDER BY email`,
		"ann@x.org -", "bob@x.org -", "dan@x.org -", "eve@x.org Eve t", "two@x.org - t")
	f.wantRows(t, `SELECT concat_ws(' ', no, email) FROM orders JOIN customers ON id = customer_id ORDER BY no`,
		"1 eve@x.org", "2 eve@x.org", "3 dan@x.org", "4 ann@x.org", "11 two@x.org", "12 two@x.org")
}

// TestProcessLookupsInKey: a member of the key that a lookup fills identifies the record, in every ordering.
func TestProcessLookupsInKey(t *testing.T) {
	t.Parallel()
	for _, ordering := range []string{"columns", "ledger", "none"} {
		t.Run(ordering, func(t *testing.T) {
			t.Parallel()
			f := newFixtureOf(t, shopTables+`; CREATE TABLE carts (customer_id INT, place INT, n INT, import_number BIGINT, import_row INT, PRIMARY KEY (customer_id, place))`,
				map[string]string{"carts": `{"x-longshore": {"table": "carts", "key": ["customer_id", "place"], "ordering": "` + ordering + `", "write": "merge", "lookups": {
    "customer_id": {"table": "customers", "by": {"email": "email"}, "value": "id"}}}, "properties": {"customer_id": {"type": "integer"}, "place": {"type": "integer"}, "n": {}}}`},
				store.Options{}, 2)
			got := f.imported(t, "carts", `{"email":"bob@x.org","place":1,"n":1}`, `{"email":"ann@x.org","place":1,"n":2}`, `{"email":"BOB@x.org","place":1,"n":3}`, `{"place":1,"n":4}`)
			if diff := cmp.Diff([]string{"4 /customer_id required"}, got); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
			got = f.imported(t, "carts", `{"customer_id":102,"place":1,"n":5}`)
			if got != nil {
				t.Errorf("reasons = %v, want none", got)
			}
			f.wantRows(t, `SELECT concat_ws(' ', customer_id, place, n) FROM carts ORDER BY 1`, "101 1 2", "102 1 5")
		})
	}
}

// TestProcessLookupsNoticeChanges: the table of a lookup is described again if it has changed.
func TestProcessLookupsNoticeChanges(t *testing.T) {
	t.Parallel()
	f := newFixtureOf(t, shopTables, map[string]string{"orders": shopFile("replace", orMissing)}, store.Options{}, 2)
	if got := f.imported(t, "orders", `{"no":1,"customer.email":"ann@x.org"}`); got != nil {
		t.Errorf("reasons = %v, want none", got)
	}
	f.exec(t, `ALTER TABLE regions ALTER code TYPE BIGINT; ALTER TABLE customers RENAME id TO key; INSERT INTO regions VALUES (3, 'DE', 3000000000)`)
	if got := f.imported(t, "orders", `{"no":2,"customer.email":"bob@x.org","region":{"country":"DE","code":3000000000}}`); got != nil {
		t.Errorf("reasons after the change = %v, want none", got)
	}
	f.wantRows(t, `SELECT concat_ws(' ', no, customer_id, region_id) FROM orders ORDER BY no`, "1 101", "2 102 3")
	f.exec(t, `ALTER TABLE customers DROP CONSTRAINT customers_email_key`)
	f.exec(t, `INSERT INTO customers (email) VALUES ('ann@x.org')`)
	if diff := cmp.Diff([]string{"1 /customer.email lookup-ambiguous"}, f.imported(t, "orders", `{"no":3,"customer.email":"ann@x.org"}`)); diff != "" {
		t.Errorf("reasons without the index (-want +got):\n%s", diff)
	}
}

// TestProcessLookupsAsCaller: what a policy hides from the caller is not found, and a row that it refuses is not created.
func TestProcessLookupsAsCaller(t *testing.T) {
	t.Parallel()
	file := strings.Replace(shopFile("replace", orCreate), `"key"`, `"role": "claim", "key"`, 1)
	f := newFixtureOf(t, shopTables, map[string]string{"orders": file}, store.Options{}, 2)
	workers := storetest.Open(t, storetest.As(t, f.sql.Config().ConnString(), grants.Worker), store.Options{Roles: []string{storetest.CallerRole}})
	chunks := ingest.New(workers, collectiontest.New(t, map[string]string{"orders": file}), record.DefaultLimits(), metrics.NewRecords(), parentWait)
	f.worker = worker.New(job.Import, worker.Deps{Store: workers, Redis: f.redis.Queue, Log: slog.New(slog.DiscardHandler), MaxAttempts: 2}, chunks.Process)
	f.exec(t, `GRANT SELECT, INSERT, UPDATE ON customers, regions, orders TO `+storetest.CallerRole+`;
ALTER TABLE customers ADD org TEXT DEFAULT current_setting('request.jwt.claims', true)::json->>'org'; UPDATE customers SET org = 'a'; ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON customers USING (org = current_setting('request.jwt.claims', true)::json->>'org' AND name <> 'policy')`)
	as := func(org string, records ...string) []string {
		return f.importedBy(t, store.Draft{
			Collection: "orders", Lanes: 1, Caller: access.Caller{Role: storetest.CallerRole, Claims: json.RawMessage(`{"org":"` + org + `"}`)},
		}, records...)
	}
	if got := as("a", `{"no":1,"customer.email":"ann@x.org"}`); got != nil {
		t.Errorf("reasons = %v, want none", got)
	}
	want := []string{"1 /customer.email not-allowed", "3 /customer/email not-allowed"}
	got := as("b", `{"no":2,"customer.email":"ann@x.org"}`, `{"no":3,"customer.email":"eve@x.org"}`, `{"no":4,"customer":{"email":"dan@x.org","name":"policy"}}`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons of another caller (-want +got):\n%s", diff)
	}
	f.wantRows(t, `SELECT concat_ws(' ', email, org) FROM customers ORDER BY email`, "ann@x.org a", "bob@x.org a", "eve@x.org b")
}
