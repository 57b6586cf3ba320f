package system_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/e2e/bench/internal/corpus"
	"github.com/longshore-io/longshore/e2e/bench/internal/system"
	"github.com/longshore-io/longshore/pkg/storetest"
)

func TestBareCopy(t *testing.T) {
	t.Parallel()
	conn := storetest.Connect(t, storetest.NewDatabase(t))
	const records = 12_345 // not a multiple of a transaction's rows
	source := corpus.New(1, corpus.Random)
	var file []byte
	for i := range records {
		file = source.AppendRecord(file, i)
	}
	for name, test := range map[string]struct {
		baseline system.BareCopy
		want     int
	}{
		"all":   {system.BareCopy{Limit: records + 1, KeyOrder: true}, records},
		"limit": {system.BareCopy{Limit: 2}, 2},
	} {
		if err := system.PrepareBareCopy(t.Context(), conn); err != nil {
			t.Fatal(err)
		}
		copied, elapsed, err := test.baseline.Run(t.Context(), conn, strings.NewReader(string(file)))
		if err != nil || copied != test.want || elapsed <= 0 {
			t.Errorf("%s: Run() = %d, %v, %v, want %d", name, copied, elapsed, err, test.want)
		}
		if rows, err := system.CountBareCopy(t.Context(), conn); err != nil || rows != test.want {
			t.Errorf("%s: CountBareCopy() = %d, %v, want %d", name, rows, err, test.want)
		}
	}
}

func TestBareCopyRows(t *testing.T) {
	t.Parallel()
	conn := storetest.Connect(t, storetest.NewDatabase(t))
	if err := system.PrepareBareCopy(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	file := `{"tool_id":"a","tool_name":"Größe","category":"c","description":"x\ny","features":["f","g"],"url":"https://example.com/a"}
{"tool_id":"b","tool_name":"n","category":"c"}
`
	if _, _, err := (system.BareCopy{Limit: 10}).Run(t.Context(), conn, strings.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := conn.QueryRow(t.Context(), "SELECT string_agg(bare::text, ' ' ORDER BY tool_id) FROM xforce.bare").Scan(&got); err != nil {
		t.Fatal(err)
	}
	want := "(a,Größe,c,\"x\ny\",\"{f,g}\",https://example.com/a,1,1) (b,n,c,,,,1,2)"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	for _, file := range []string{"{\"tool_id\":\"a\"", "nonsense\n"} {
		if _, _, err := (system.BareCopy{Limit: 10}).Run(t.Context(), conn, strings.NewReader(file)); err == nil {
			t.Errorf("Run(%q) = nil, want an error", file)
		}
	}
}
