package load_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table/load"
)

const (
	auditTable = `
CREATE TABLE audit (
  place BIGINT GENERATED ALWAYS AS IDENTITY, at TIMESTAMPTZ NOT NULL DEFAULT now(), who TEXT NOT NULL, n INT CHECK (n > 0), code INT UNIQUE, token UUID DEFAULT gen_random_uuid(),
  extra INTERVAL)`
	auditSchema = `{"x-longshore": {"table": "audit", "write": "insert", "ordering": "none"}, "properties": {"who": {}, "n": {}, "code": {}, "token": {}}}`
)

// kindsOfAudit make another kind of relation of the table audit.
var kindsOfAudit = map[string]string{
	"table":   "",
	"trigger": "; CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER keep BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION keep()",
	"partitioned": `; ALTER TABLE audit RENAME TO plain; CREATE TABLE audit (place BIGINT DEFAULT nextval('audit_place_seq'), at TIMESTAMPTZ NOT NULL DEFAULT now(), who TEXT NOT NULL,
  n INT CHECK (n > 0), code INT, token UUID DEFAULT gen_random_uuid(), extra INTERVAL) PARTITION BY LIST (n);
CREATE TABLE audit_1 PARTITION OF audit (UNIQUE (code)) FOR VALUES IN (1, NULL, 100); CREATE TABLE audit_2 PARTITION OF audit (UNIQUE (code)) FOR VALUES IN (2)`,
	"view": "; ALTER TABLE audit RENAME TO base; CREATE VIEW audit AS TABLE base",
	"view with a trigger": `; ALTER TABLE audit RENAME TO base; CREATE VIEW audit AS TABLE base;
CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO base (who, n, code) VALUES (NEW.who, NEW.n, NEW.code); RETURN NEW; END';
CREATE TRIGGER put INSTEAD OF INSERT ON audit FOR EACH ROW EXECUTE FUNCTION put()`,
}

// TestLoadAppends: without a key each record becomes a row, in the order of the records. A bad one fails alone.
func TestLoadAppends(t *testing.T) {
	t.Parallel()
	url := storetest.NewDatabase(t)
	for kind, of := range kindsOfAudit {
		for variant, extra := range map[string]string{"binary": "", "text": `, "extra": {}`} {
			t.Run(kind+"/"+variant, func(t *testing.T) {
				t.Parallel()
				f := newSharedFixture(t, url, auditTable+of, strings.Replace(auditSchema, `"token": {}`, `"token": {}`+extra, 1))
				var records []record
				var outcomes, rejected []string
				for row := 1; row <= 600; row++ {
					outcome, text := "created", fmt.Sprintf(`{"who":"w%d","n":1}`, row%7)
					if code := map[int]string{100: load.CodeCheck, 300: load.CodeUnique, 450: load.CodeNotNull}[row]; code != "" {
						text = map[int]string{100: `{"who":"a","n":-1}`, 300: `{"who":"a","code":5}`, 450: `{"n":1}`}[row]
						outcome, rejected = "failed", append(rejected, fmt.Sprintf("%d:%s", row, code))
						if code == load.CodeCheck && kind == "partitioned" {
							rejected[len(rejected)-1] = fmt.Sprintf("%d:%s", row, load.CodeNoPartition)
						}
					}
					if row == 200 {
						text = `{"who":"a","code":5}`
					}
					if row == 450 && !strings.HasPrefix(kind, "view with") {
						continue // Add rejects it, because it knows the column
					}
					records, outcomes = append(records, record{row, text}), append(outcomes, fmt.Sprintf("%d:%s", row, outcome))
				}
				if !strings.HasPrefix(kind, "view with") {
					rejected = rejected[:2]
				}
				f.load(t, 1, records...).want(t, outcomes, rejected)
				f.wantRows(t, "SELECT count(*), count(*) FILTER (WHERE who = 'w' || (row_number % 7)) > 0 FROM (SELECT who, row_number() OVER (ORDER BY place) FROM audit) a",
					fmt.Sprintf("(%d,t)", len(records)-len(rejected)))
				f.wantRows(t, `SELECT string_agg(who, ' ' ORDER BY place) FROM (SELECT who, place FROM audit ORDER BY place LIMIT 9) a`, `("w1 w2 w3 w4 w5 w6 w0 w1 w2")`)
				f.load(t, 2, record{1, `{"who":"same"}`}, record{2, `{"who":"same"}`}).want(t, []string{"1:created", "2:created"}, nil)
			})
		}
	}
}

// TestLoadAppendsAsOthers: a role that may only insert can append, under row-level security too.
func TestLoadAppendsAsOthers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		policy             string
		outcomes, rejected []string
	}{
		"no policies": {"", []string{"1:created", "2:created", "3:created"}, nil},
		"policies": {
			"; ALTER TABLE audit ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON audit FOR INSERT WITH CHECK (who <> 'them')",
			[]string{"1:created", "2:failed", "3:created"},
			[]string{"2:not-allowed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := storetest.NewDatabase(t)
			f := &fixture{url: url, conn: storetest.Connect(t, url), collection: parse(t, auditSchema)}
			exec(t, f.conn, auditTable+tt.policy+"; GRANT INSERT ON audit TO pg_monitor; SET ROLE pg_monitor")
			f.describe(t)
			f.load(t, 1, record{1, `{"who":"us"}`}, record{2, `{"who":"them"}`}, record{3, `{"who":"us"}`}).want(t, tt.outcomes, tt.rejected)
		})
	}
}

// TestSetWritingWithoutKey: no other mode can write to a collection without a key.
func TestSetWritingWithoutKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t, auditTable, auditSchema)
	for _, mode := range []collection.WriteMode{collection.Replace, collection.Merge, collection.Update, collection.Delete} {
		if err := f.table.NewBatch().SetWriting(collection.Writing{Mode: mode}); err == nil || !strings.Contains(err.Error(), "no key") {
			t.Errorf("SetWriting(%s) = %v, want an error with %q", mode, err, "no key")
		}
	}
}
