package record_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/longshore-io/longshore/pkg/record"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// stored is a value as it is sent to Postgres: its JSON to jsonb and its text to text.
type stored struct {
	document jsontext.Value
	text     string
}

// TestReadAcceptsWhatPostgresStores copies the values of thousands of drawn records, and the
// reasons of the rejected ones, into columns of text and jsonb. It uses one statement, which fails
// if Postgres rejects a single value.
func TestReadAcceptsWhatPostgresStores(t *testing.T) {
	t.Parallel()
	conn := storetest.Connect(t, storetest.NewDatabase(t))
	if _, err := conn.Exec(t.Context(), "CREATE TABLE stored (n int, document jsonb, text text)"); err != nil {
		t.Fatalf("creating the table: %v", err)
	}
	rows, accepted, rejected := drawStored(t)
	if accepted < 1000 || rejected < 1000 {
		t.Fatalf("accepted = %d, rejected = %d records, want at least 1000 of each", accepted, rejected)
	}
	_, err := conn.CopyFrom(t.Context(), pgx.Identifier{"stored"}, []string{"n", "document", "text"},
		pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) { return []any{i, []byte(rows[i].document), rows[i].text}, nil }))
	if err != nil {
		t.Fatalf("storing what Read has accepted: %v", err)
	}
	compareStored(t.Context(), t, conn, rows)
}

// drawStored draws records and returns the values to store.
func drawStored(t *testing.T) (rows []stored, accepted, rejected int) {
	t.Helper()
	r, declared := record.NewReader(things(t), record.DefaultLimits()), declaredBy(t)
	records := rapid.Custom(func(t *rapid.T) string { return generator{t: t, faulty: true}.record(declared) })
	for seed := range 5000 {
		values, reasons := r.Read([]byte(records.Example(seed)))
		if reasons != nil {
			rejected++
			document, err := json.Marshal(reasons)
			if err != nil {
				t.Fatalf("encoding reasons: %v", err)
			}
			rows = append(rows, stored{document, reasons[0].Pointer + reasons[0].Message})
			continue
		}
		accepted++
		for _, value := range values {
			if value != nil {
				rows = append(rows, stored{bytes.Clone(value), textOf(t, value)})
			}
		}
	}
	return rows, accepted, rejected
}

func textOf(t *testing.T, value jsontext.Value) string {
	t.Helper()
	if value.Kind() != '"' {
		return string(value)
	}
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		t.Fatalf("unquoting %q: %v", value, err)
	}
	return string(text)
}

// compareStored checks that texts are unchanged and that strings in jsonb have the same meaning.
func compareStored(ctx context.Context, t *testing.T, conn *pgx.Conn, want []stored) {
	t.Helper()
	rows, err := conn.Query(ctx, "SELECT text, jsonb_typeof(document) = 'string', document #>> '{}' FROM stored ORDER BY n")
	if err != nil {
		t.Fatalf("reading back: %v", err)
	}
	type row struct {
		Text     string
		IsString bool
		Document *string
	}
	got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	if err != nil {
		t.Fatalf("reading back: %v", err)
	}
	if len(got) != len(want) {
		t.Fatalf("stored values = %d, want %d", len(got), len(want))
	}
	for i := range got {
		if diff := cmp.Diff(want[i].text, got[i].Text); diff != "" {
			t.Errorf("stored text of %s (-want +got):\n%s", want[i].document, diff)
		}
		if got[i].IsString && *got[i].Document != want[i].text {
			t.Errorf("stored jsonb of %s = %q, want %q", want[i].document, *got[i].Document, want[i].text)
		}
	}
}
