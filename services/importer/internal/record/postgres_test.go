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

	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/services/importer/internal/record"
)

// stored is a value as it goes to Postgres: JSON to jsonb, its text to text.
type stored struct {
	document jsontext.Value
	text     string
}

// TestPostgresHoldsWhatReadAccepts copies the values of thousands of drawn records, and the reasons
// for those that were rejected, to columns of text and jsonb in one statement, which a single value
// that Postgres refuses would fail.
func TestPostgresHoldsWhatReadAccepts(t *testing.T) {
	t.Parallel()
	conn := storetest.Connect(t, storetest.NewDatabase(t))
	if _, err := conn.Exec(t.Context(), "CREATE TABLE held (n int, document jsonb, text text)"); err != nil {
		t.Fatalf("creating the table: %v", err)
	}
	rows, accepted, rejected := drawStored(t)
	if accepted < 1000 || rejected < 1000 {
		t.Fatalf("%d records were accepted and %d rejected, too few of one kind to show anything", accepted, rejected)
	}
	_, err := conn.CopyFrom(t.Context(), pgx.Identifier{"held"}, []string{"n", "document", "text"},
		pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) { return []any{i, []byte(rows[i].document), rows[i].text}, nil }))
	if err != nil {
		t.Fatalf("Postgres refuses what Read accepts: %v", err)
	}
	compareHeld(t.Context(), t, conn, rows)
}

// drawStored draws records and collects what would be kept of them.
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

// compareHeld makes sure that nothing was altered: texts come back as they were sent, strings in
// jsonb mean the same.
func compareHeld(ctx context.Context, t *testing.T, conn *pgx.Conn, want []stored) {
	t.Helper()
	rows, err := conn.Query(ctx, "SELECT text, jsonb_typeof(document) = 'string', document #>> '{}' FROM held ORDER BY n")
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
		t.Fatalf("Postgres holds %d values, want %d", len(got), len(want))
	}
	for i := range got {
		if diff := cmp.Diff(want[i].text, got[i].Text); diff != "" {
			t.Errorf("text of %s was altered (-want +got):\n%s", want[i].document, diff)
		}
		if got[i].IsString && *got[i].Document != want[i].text {
			t.Errorf("jsonb turned %s into %q", want[i].document, *got[i].Document)
		}
	}
}
