package infer_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/schema"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table/infer"
)

func TestInferChecks(t *testing.T) {
	t.Parallel()
	db := storetest.Connect(t, storetest.NewDatabase(t))
	if _, err := db.Exec(t.Context(), `
CREATE DOMAIN amount AS NUMERIC CHECK (VALUE >= 0); CREATE DOMAIN price AS amount CHECK (VALUE < 1000);
CREATE DOMAIN word AS TEXT CHECK (VALUE ~ '^[a-z]+$'); CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE FUNCTION good(INT) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'`); err != nil {
		t.Fatal(err)
	}
	for i, tt := range []struct {
		column, want string // the column x, with its checks, and its schema
		left         int    // how many checks Postgres alone knows
	}{
		{"INT CHECK (x >= 0)", `{"type":["integer","null"],"minimum":0}`, 0},
		{"INT NOT NULL CHECK (x > 0)", `{"type":"integer","exclusiveMinimum":0}`, 0},
		{"BIGINT CHECK (x <= 5000000000 AND x > -5)", `{"type":["integer","null"],"exclusiveMinimum":-5,"maximum":5000000000}`, 0},
		{"SMALLINT CHECK (x BETWEEN 1 AND 5)", `{"type":["integer","null"],"minimum":1,"maximum":5}`, 0},
		{"SMALLINT CHECK (x::bigint < 5)", `{"type":["integer","null"],"exclusiveMaximum":5}`, 0},
		{"INT CHECK (0 < x) CHECK (x > 2) CHECK (x > 1)", `{"type":["integer","null"],"exclusiveMinimum":2}`, 0},
		{"INT CHECK (x >= 0.5)", `{"type":["integer","null"],"minimum":0.5}`, 0},
		{"INT CHECK (x IS NULL OR x >= 3)", `{"type":["integer","null"],"minimum":3}`, 0},
		{"INT CHECK (x IN (1, 2, 3))", `{"type":["integer","null"],"enum":[1,2,3,null]}`, 0},
		{"INT CHECK (x > 0 AND good(x))", `{"type":["integer","null"]}`, 1},
		{"INT CHECK (x > 0 AND x % 2 = 0)", `{"type":["integer","null"],"exclusiveMinimum":0}`, 1},
		{"INT CHECK (x > 0 OR x < -10)", `{"type":["integer","null"]}`, 1},
		{"INT CHECK (NOT x > 0)", `{"type":["integer","null"]}`, 1},
		{"INT CHECK (x <> 3)", `{"type":["integer","null"]}`, 1},
		{"NUMERIC(8,2) CHECK (x IN (1, 2.5, -3))", `{"type":["number","null"],"enum":[1,2.5,-3,null]}`, 0},
		{"NUMERIC CHECK (x::integer > 0)", `{"type":["number","null"]}`, 1},
		{"NUMERIC CHECK (x < 'Infinity')", `{"type":["number","null"]}`, 1},
		{"REAL CHECK (x >= 0)", `{"type":["number","null"],"minimum":0}`, 0},
		{"FLOAT8 CHECK (x <= 0.1)", `{"type":["number","null"]}`, 1},
		{"price", `{"type":["number","null"],"minimum":0,"exclusiveMaximum":1000}`, 0},
		{"price CHECK (x > 5)", `{"type":["number","null"],"minimum":0,"exclusiveMinimum":5,"exclusiveMaximum":1000}`, 0},
		{"TEXT CHECK (x IN ('a', 'it''s'))", `{"type":["string","null"],"enum":["a","it's",null]}`, 0},
		{"TEXT CHECK (x IN ('a', 'b', 'c')) CHECK (x IN ('b', 'c', 'd'))", `{"type":["string","null"],"enum":["b","c",null]}`, 0},
		{"TEXT CHECK (x IN ('a')) CHECK (x IN ('b'))", `{"type":["string","null"],"enum":["a",null]}`, 1},
		{"TEXT CHECK (x IN ('a', NULL))", `{"type":["string","null"]}`, 1},
		{"TEXT CHECK (x = 'a' OR x = 'b' OR x IS NULL)", `{"type":["string","null"],"enum":["a","b",null]}`, 0},
		{"VARCHAR(9) NOT NULL CHECK (x IN ('a', 'b'))", `{"type":"string","maxLength":9,"enum":["a","b"]}`, 0},
		{"VARCHAR(9) CHECK (x::text = ANY (ARRAY['a'::text, 'b'::text]))", `{"type":["string","null"],"maxLength":9,"enum":["a","b",null]}`, 0},
		{"VARCHAR(9) CHECK (x = ANY ('{a,b}'))", `{"type":["string","null"],"maxLength":9}`, 1},
		{"VARCHAR(9) CHECK (length(x) >= 3 AND char_length(x) < 6)", `{"type":["string","null"],"minLength":3,"maxLength":5}`, 0},
		{"TEXT CHECK (length(x) = 3)", `{"type":["string","null"],"minLength":3,"maxLength":3}`, 0},
		{"TEXT CHECK (x <> '')", `{"type":["string","null"],"minLength":1}`, 0},
		{"TEXT CHECK (length(trim(x)) > 0)", `{"type":["string","null"]}`, 1},
		{"TEXT CHECK (x::varchar(2) <> '')", `{"type":["string","null"]}`, 1},
		{"TEXT COLLATE blind CHECK (x = 'a')", `{"type":["string","null"]}`, 1},
		{"TEXT CHECK (x COLLATE blind = 'a')", `{"type":["string","null"]}`, 1},
		{"CHAR(3) CHECK (x IN ('a', 'b'))", `{"type":["string","null"],"maxLength":3}`, 1},
		{"CHAR(3) CHECK (length(x) = 3)", `{"type":["string","null"],"maxLength":3}`, 1},
		{"mood CHECK (x = 'good')", `{"type":["string","null"],"enum":["good","bad",null]}`, 1},
		{"word", `{"type":["string","null"],"pattern":"^[a-z]+$"}`, 0},
		{`TEXT CHECK (x ~ '^[^@ ]+@([a-z0-9-]+\.)+[a-z]{2,}$')`, `{"type":["string","null"],"pattern":"^[^@ ]+@([a-z0-9-]+\\.)+[a-z]{2,}$"}`, 0},
		{`TEXT CHECK (x ~ '^\d+$')`, `{"type":["string","null"]}`, 1},
		{`TEXT CHECK (x ~ '^[[:alpha:]]+$')`, `{"type":["string","null"]}`, 1},
		{`TEXT CHECK (x ~ 'a.b')`, `{"type":["string","null"]}`, 1},
		{`TEXT CHECK (x ~* '^[a-z]+$')`, `{"type":["string","null"]}`, 1},
		{`TEXT CHECK (x LIKE 'a%')`, `{"type":["string","null"]}`, 1},
		{"DATE CHECK (x > '2020-01-01')", `{"type":["string","null"],"format":"date"}`, 1},
		{"INT CONSTRAINT later CHECK (x > 0) NOT NULL", `{"type":"integer","exclusiveMinimum":0}`, 0},
	} {
		t.Run(tt.column, func(t *testing.T) { //nolint:paralleltest // they share the connection
			name := fmt.Sprintf("checked_%d", i)
			if _, err := db.Exec(t.Context(), fmt.Sprintf("CREATE TABLE %s (id INT PRIMARY KEY, x %s)", name, tt.column)); err != nil {
				t.Fatal(err)
			}
			got, err := infer.Infer(t.Context(), db, infer.Order{Table: name})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decoded(t, tt.want), memberOf(t, got, "x")); diff != "" {
				t.Errorf("schema of x (-want +got):\n%s", diff)
			}
			if len(got.Checks) != tt.left {
				t.Errorf("checks that Postgres alone knows = %+v, want %d", got.Checks, tt.left)
			}
			expectDescribed(t.Context(), t, db, got)
		})
	}
}

func memberOf(t *testing.T, p *infer.Proposal, name string) map[string]any {
	t.Helper()
	var file struct {
		Properties map[string]map[string]any `json:"properties"`
	}
	if err := json.Unmarshal(p.Collection, &file); err != nil {
		t.Fatal(err)
	}
	return file.Properties[name]
}

func TestInferChecksOfTables(t *testing.T) {
	t.Parallel()
	db := storetest.Connect(t, storetest.NewDatabase(t))
	const trigger = "; CREATE FUNCTION f_%[1]s() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER t %[2]s ON %[1]s FOR EACH ROW EXECUTE FUNCTION f_%[1]s()"
	const plain, narrowed = `{"type":["integer","null"]}`, `{"type":["integer","null"],"minimum":0}`
	for name, tt := range map[string]struct {
		tables, want string // the table has the name of the test
	}{
		"plain":      {"CREATE TABLE plain (id INT PRIMARY KEY, x INT, CHECK (x >= 0))", narrowed},
		"several":    {"CREATE TABLE several (id INT PRIMARY KEY, x INT, CHECK (id > 0 AND x >= 0))", narrowed},
		"before":     {"CREATE TABLE before (id INT PRIMARY KEY, x INT, CHECK (x >= 0))" + fmt.Sprintf(trigger, "before", "BEFORE INSERT"), plain},
		"after":      {"CREATE TABLE after (id INT PRIMARY KEY, x INT, CHECK (x >= 0))" + fmt.Sprintf(trigger, "after", "AFTER INSERT"), narrowed},
		"of_domain":  {"CREATE DOMAIN up AS INT CHECK (VALUE >= 0); CREATE TABLE of_domain (id INT PRIMARY KEY, x up)" + fmt.Sprintf(trigger, "of_domain", "BEFORE INSERT"), narrowed},
		"ruled":      {"CREATE TABLE ruled (id INT PRIMARY KEY, x INT, CHECK (x >= 0)); CREATE RULE r AS ON DELETE TO ruled DO ALSO NOTHING", plain},
		"not_valid":  {"CREATE TABLE not_valid (id INT PRIMARY KEY, x INT); ALTER TABLE not_valid ADD CHECK (x >= 0) NOT VALID", plain},
		"part":       {"CREATE TABLE part (id INT PRIMARY KEY, x INT, CHECK (x >= 0)) PARTITION BY LIST (id); CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1)" + fmt.Sprintf(trigger, "part_1", "BEFORE UPDATE"), plain},
		"viewed":     {`CREATE TABLE below (id INT PRIMARY KEY, "X" INT, CHECK ("X" >= 0)); CREATE VIEW viewed AS SELECT id, "X" AS x FROM below`, narrowed},
		"other_type": {"CREATE FUNCTION lazy(INT, INT) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'; CREATE SCHEMA o; CREATE OPERATOR o.>= (LEFTARG = INT, RIGHTARG = INT, FUNCTION = lazy); CREATE TABLE other_type (id INT PRIMARY KEY, x INT CHECK (x OPERATOR(o.>=) 0))", plain},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // they share the connection
			if _, err := db.Exec(t.Context(), tt.tables); err != nil {
				t.Fatal(err)
			}
			got, err := infer.Infer(t.Context(), db, infer.Order{Table: name})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decoded(t, tt.want), memberOf(t, got, "x")); diff != "" {
				t.Errorf("schema of x (-want +got):\n%s", diff)
			}
		})
	}
}

// A schema that says all that the checks say accepts exactly the values that Postgres accepts.
func TestInferredChecksAgreeWithPostgres(t *testing.T) {
	t.Parallel()
	db := storetest.Connect(t, storetest.NewDatabase(t))
	texts := []string{`""`, `" "`, `"a"`, `"A"`, `"a "`, `"ab"`, `"a\nb"`, `"\na"`, `"a\n"`, `"ä"`, `"äö"`, `"😀"`, `"a-b"`, `"a.b"`, `"aab"`, `"b]"`, `"5"`, `"١"`, `"a@b.cd"`, `"abcabc"`, "null"}
	numbers := []string{"0", "-0", "0.0", "1", "1.0", "1e0", "-1", "0.5", "2.5", "2.50", "3", "0.4999999999999999999999", "1e30", "-1e-30", "100", "null"}
	for i, tt := range []struct {
		column string
		values []string
	}{
		{"TEXT CHECK (x <> '')", texts},
		{"TEXT CHECK (length(x) BETWEEN 1 AND 2)", texts},
		{"VARCHAR CHECK (x IN ('a', 'ä', ' '))", texts},
		{"TEXT CHECK (x ~ '^[a-z]+$')", texts},
		{"TEXT CHECK (x ~ '[^a]')", texts},
		{"TEXT CHECK (x ~ 'a|b$')", texts},
		{"TEXT CHECK (x ~ '^(?:ab?c?)+$')", texts},
		{`TEXT CHECK (x ~ '^a[-.]b$')`, texts},
		{`TEXT CHECK (x ~ '^[a-c\]]{2}$')`, texts},
		{`TEXT CHECK (x ~ '^[a-z]+@([a-z]+\.)+[a-z]{2,3}$')`, texts},
		{"NUMERIC CHECK (x >= 0.5)", numbers},
		{"NUMERIC CHECK (x > 0 AND x < 100)", numbers},
		{"NUMERIC CHECK (x IN (0, 1, 2.5))", numbers},
		{"FLOAT8 CHECK (x > 0)", numbers},
		{"REAL CHECK (x <= 0)", numbers},
	} {
		t.Run(tt.column, func(t *testing.T) { //nolint:paralleltest // they share the connection
			name := fmt.Sprintf("agreed_%d", i)
			if _, err := db.Exec(t.Context(), fmt.Sprintf("CREATE TABLE %s (x %s, id SERIAL PRIMARY KEY)", name, tt.column)); err != nil {
				t.Fatal(err)
			}
			p, err := infer.Infer(t.Context(), db, infer.Order{Table: name})
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Checks) > 0 {
				t.Fatalf("checks that the schema does not repeat = %+v, want none", p.Checks)
			}
			c, err := collection.Parse(p.Name, p.Collection)
			if err != nil {
				t.Fatal(err)
			}
			checker, err := schema.Compile(c)
			if err != nil {
				t.Fatal(err)
			}
			for _, value := range tt.values {
				_, refused := db.Exec(t.Context(), fmt.Sprintf("INSERT INTO %s (x) SELECT x FROM jsonb_to_record($1::jsonb) AS r (x %s)", name, strings.Fields(tt.column)[0]), `{"x":`+value+`}`)
				reasons := checker.Check([]byte(`{"id":1,"x":`+value+`}`), []jsontext.Value{jsontext.Value(value), jsontext.Value("1")})
				if (len(reasons) > 0) != (refused != nil) {
					t.Errorf("%s: schema says %v, Postgres %v: want that they agree", value, reasons, refused)
				}
			}
		})
	}
}
