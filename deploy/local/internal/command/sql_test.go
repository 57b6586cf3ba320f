package command

import (
	"strings"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/datadir"
	"github.com/longshore-io/longshore/deploy/local/postgres"
)

func TestSQL(t *testing.T) {
	server, err := postgres.Start(t.Context(), postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Remove() })
	t.Setenv("DATABASE_URL", server.URL())
	var out strings.Builder
	statements := "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'one'), (2, NULL); SELECT * FROM t ORDER BY a;"
	if err := sql(t.Context(), strings.NewReader(statements), &out); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "CREATE TABLE\nINSERT 0 2\na\tb\n1\tone\n2\t\nSELECT 2\n"; got != want {
		t.Errorf("output = %q, want %q", got, want)
	}
	if err := sql(t.Context(), strings.NewReader("SELEKT"), &out); err == nil || !strings.Contains(err.Error(), "syntax error") {
		t.Errorf("sql() with a syntax error = %v, want it", err)
	}
}

func TestSQLWithoutAStack(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	t.Setenv(datadir.Variable, t.TempDir())
	if err := sql(t.Context(), strings.NewReader("SELECT 1"), nil); err == nil || !strings.Contains(err.Error(), "start make run first") {
		t.Errorf("sql() = %v, want an error that says how to start Postgres", err)
	}
}
