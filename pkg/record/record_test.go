package record_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/collectiontest"
	"github.com/longshore-io/longshore/pkg/record"
)

func tools(tb testing.TB) *collection.Collection {
	tb.Helper()
	return collectiontest.Shipped(tb).MustGet(tb, "tools")
}

// things returns a collection whose members may have any value.
func things(tb testing.TB) *collection.Collection {
	tb.Helper()
	c, err := collection.Parse("things", []byte(`{
		"x-longshore": {"table": "things", "key": ["id"]},
		"properties": {"id": {}, "data": {}, "größe": {}, "a/b~c": {}}
	}`))
	if err != nil {
		tb.Fatalf("parsing the collection: %v", err)
	}
	return c
}

func TestReadAccepts(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		raw  string
		want []string // id, data, größe, a/b~c
	}{
		"empty-object":            {`{}`, []string{"", "", "", ""}},
		"declared-order":          {`{"id":1,"data":"x"}`, []string{`1`, `"x"`, "", ""}},
		"other-order":             {`{"data":"x","id":1}`, []string{`1`, `"x"`, "", ""}},
		"every-member":            {`{"a/b~c":1,"größe":2,"data":3,"id":4}`, []string{"4", "3", "2", "1"}},
		"white-space":             {" \t\r\n{ \"id\" : 1 , \"data\" : [ 1 , { } ] } \n", []string{`1`, `[ 1 , { } ]`, "", ""}},
		"null-is-a-value":         {`{"id":null}`, []string{`null`, "", "", ""}},
		"literals":                {`{"id":true,"data":false}`, []string{`true`, `false`, "", ""}},
		"escaped-name":            {`{"\u0069d":1,"gr\u00f6\u00dfe":2}`, []string{"1", "", "2", ""}},
		"values-unchanged":        {`{"id":"\u00e4\/\n\ud83d\ude00","data":-0.10E+2}`, []string{`"\u00e4\/\n\ud83d\ude00"`, `-0.10E+2`, "", ""}},
		"text-of-every-width":     {`{"id":"aäऄ𝄞","data":"` + strings.Repeat("plain text ", 9) + `"}`, []string{`"aäऄ𝄞"`, `"` + strings.Repeat("plain text ", 9) + `"`, "", ""}},
		"noncharacters-are-text":  {`{"id":"\uffff\ufffe` + "\ufffd\uffff" + `"}`, []string{`"\uffff\ufffe` + "\ufffd\uffff" + `"`, "", "", ""}},
		"same-name-at-two-depths": {`{"id":{"id":{"id":1}},"data":[{"id":1},{"id":1}]}`, []string{`{"id":{"id":1}}`, `[{"id":1},{"id":1}]`, "", ""}},
		"empty-name-within":       {`{"data":{"":{"":[]}}}`, []string{"", `{"":{"":[]}}`, "", ""}},
		"deepest":                 {`{"data":` + nested(31) + `}`, []string{"", nested(31), "", ""}},
		"most-digits":             {`{"id":-` + strings.Repeat("7", 1000) + `,"data":0.` + strings.Repeat("0", 999) + `}`, []string{"-" + strings.Repeat("7", 1000), "0." + strings.Repeat("0", 999), "", ""}},
		"digits-after-zeros":      {`{"id":0.` + strings.Repeat("0", 500) + strings.Repeat("7", 1000) + `}`, []string{"0." + strings.Repeat("0", 500) + strings.Repeat("7", 1000), "", "", ""}},
		"widest-exponents":        {`{"id":1e400,"data":-1E-400}`, []string{"1e400", "-1E-400", "", ""}},
		"most-members":            {`{"data":[` + manyMembers(10_000) + `,` + manyMembers(10_000) + `]}`, []string{"", "[" + manyMembers(10_000) + "," + manyMembers(10_000) + "]", "", ""}},
		"padded-exponent":         {`{"id":1e+00000000000000000000000000000000000000400}`, []string{"1e+00000000000000000000000000000000000000400", "", "", ""}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values, reasons := record.NewReader(things(t), record.DefaultLimits()).Read([]byte(test.raw))
			if reasons != nil {
				t.Fatalf("Read(%s) reasons = %v, want none", test.raw, reasons)
			}
			got := make([]string, len(values))
			for i, value := range values {
				got[i] = string(value)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("Read(%s) values (-want +got):\n%s", test.raw, diff)
			}
		})
	}
}

func TestReadLimitsReasons(t *testing.T) {
	t.Parallel()
	raw := `{"data":[` + strings.Repeat(`"\u0000",`, 1000) + `0]}`
	_, reasons := record.NewReader(things(t), record.DefaultLimits()).Read([]byte(raw))
	if len(reasons) != record.MaxReasons {
		t.Errorf("Read() = %d reasons, want %d", len(reasons), record.MaxReasons)
	}
}

func TestReadAfterInvalidRecord(t *testing.T) {
	t.Parallel()
	r := record.NewReader(things(t), record.DefaultLimits())
	if _, reasons := r.Read([]byte(`{"id":1,"data":{"x":[{"y":1e999`)); reasons == nil {
		t.Fatal("Read() of an invalid record reasons = nil, want some")
	}
	values, reasons := r.Read([]byte(`{"data":{"x":1}}`))
	if reasons != nil {
		t.Fatalf("Read() of the next record reasons = %v, want none", reasons)
	}
	if values[0] != nil || string(values[1]) != `{"x":1}` {
		t.Errorf("Read() of the next record = %s, want only data, {\"x\":1}", values)
	}
}

func TestReadDoesNotAllocate(t *testing.T) {
	r := record.NewReader(tools(t), record.DefaultLimits())
	raw := []byte(benchRecord)
	if allocations := testing.AllocsPerRun(100, func() { r.Read(raw) }); allocations != 0 {
		t.Errorf("Read() allocations = %v, want 0", allocations)
	}
}

func TestPointer(t *testing.T) {
	t.Parallel()
	if got, want := record.Pointer("a/b", "c~d", "0"), "/a~1b/c~0d/0"; got != want {
		t.Errorf("Pointer = %q, want %q", got, want)
	}
	if got, want := record.Pointer("a", strings.Repeat("n", 257), "b"), "/a"; got != want {
		t.Errorf("Pointer = %q, want %q", got, want)
	}
}
