package bare_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/e2e/bench/internal/bare"
	"github.com/longshore-io/longshore/e2e/bench/internal/corpus"
	"github.com/longshore-io/longshore/pkg/storetest"
)

func TestCopyWritesEveryRecord(t *testing.T) {
	t.Parallel()
	conn := storetest.Connect(t, storetest.NewDatabase(t))
	const records = 12_345 // no multiple of a transaction's rows
	source := corpus.New(1, corpus.Random)
	var file []byte
	for i := range records {
		file = source.AppendRecord(file, i)
	}
	if err := bare.Prepare(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	copied, took, err := bare.Copy(t.Context(), conn, bytes.NewReader(file), bare.Options{Limit: records + 1, KeyOrder: true})
	if err != nil {
		t.Fatal(err)
	}
	if copied != records || took <= 0 {
		t.Errorf("%d records copied in %v, want %d", copied, took, records)
	}
	counted, err := bare.Count(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	if counted != records {
		t.Errorf("the table has %d rows, want %d", counted, records)
	}
}

func TestCopyStopsAtTheLimit(t *testing.T) {
	t.Parallel()
	conn := storetest.Connect(t, storetest.NewDatabase(t))
	if err := bare.Prepare(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	source := corpus.New(1, corpus.Random)
	file := source.AppendRecord(source.AppendRecord(source.AppendRecord(nil, 0), 1), 2)
	if copied, _, err := bare.Copy(t.Context(), conn, bytes.NewReader(file), bare.Options{Limit: 2}); err != nil || copied != 2 {
		t.Errorf("%d records copied, %v, want 2 of 3", copied, err)
	}
}

func TestCopyWritesTheRecordAsItIs(t *testing.T) {
	t.Parallel()
	conn := storetest.Connect(t, storetest.NewDatabase(t))
	if err := bare.Prepare(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	file := `{"tool_id":"a","tool_name":"Größe","category":"c","description":"x\ny","features":["f","g"],"url":"https://example.com/a"}
{"tool_id":"b","tool_name":"n","category":"c"}
`
	if _, _, err := bare.Copy(t.Context(), conn, strings.NewReader(file), bare.Options{Limit: 10}); err != nil {
		t.Fatal(err)
	}
	var got string
	query := "SELECT string_agg(bare::text, ' ' ORDER BY tool_id) FROM xforce.bare"
	if err := conn.QueryRow(t.Context(), query).Scan(&got); err != nil {
		t.Fatal(err)
	}
	want := "(a,Größe,c,\"x\ny\",\"{f,g}\",https://example.com/a,1,1) (b,n,c,,,,1,2)"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the rows differ (-want +got):\n%s", diff)
	}
}

func TestCopyRefusesWhatIsNoRecord(t *testing.T) {
	t.Parallel()
	conn := storetest.Connect(t, storetest.NewDatabase(t))
	if err := bare.Prepare(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"{\"tool_id\":\"a\"", "nonsense\n"} {
		if _, _, err := bare.Copy(t.Context(), conn, strings.NewReader(file), bare.Options{Limit: 10}); err == nil {
			t.Errorf("%q was copied", file)
		}
	}
}
