package load_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// refusedThings are the members that Postgres refuses, and the codes of the reasons.
var refusedThings = []struct{ member, code string }{
	{`"n":-1`, load.CodeCheck},
	{`"maker":"none"`, load.CodeForeignKey},
	{`"n":13`, load.CodeUnspecified},
	{`"fixed":"raise"`, load.CodeUnspecified},
}

// raiseForeign refuses a row with an SQLSTATE that Postgres uses for a missing table.
const raiseForeign = `; INSERT INTO things (id, need) SELECT 'e' || n, 'old' FROM generate_series(10001, 15000) AS n;
CREATE FUNCTION missing() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF NEW.fixed = 'raise' THEN RAISE 'no table' USING ERRCODE = '42P01'; END IF; RETURN NEW; END $$;
CREATE TRIGGER missing BEFORE INSERT OR UPDATE ON things FOR EACH ROW EXECUTE FUNCTION missing();
CREATE TABLE children (parent TEXT REFERENCES things);
INSERT INTO children SELECT 'e' || n FROM generate_series(10500, 13500, 1000) AS n`

// TestLoadModesRefuseOneRecord loads 5,000 records of which one of each kind is refused. All others are
// written in every mode.
func TestLoadModesRefuseOneRecord(t *testing.T) {
	t.Parallel()
	url := storetest.NewDatabase(t)
	const count = 5000
	for name, tt := range map[string]struct {
		writing collection.Writing
		// created is how many records of a hundred are new.
		created int
		written string
	}{
		"replace new":      {collection.Writing{Mode: collection.Replace}, 100, "created"},
		"replace existing": {collection.Writing{Mode: collection.Replace}, 0, "updated"},
		"merge new":        {collection.Writing{Mode: collection.Merge}, 100, "created"},
		"merge existing":   {collection.Writing{Mode: collection.Merge}, 0, "updated"},
		"merge both":       {collection.Writing{Mode: collection.Merge}, 50, ""},
		"insert":           {collection.Writing{Mode: collection.Insert}, 100, "created"},
		"update":           {collection.Writing{Mode: collection.Update}, 0, "updated"},
		"delete":           {collection.Writing{Mode: collection.Delete}, 0, "updated"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newSharedFixture(t, url, thingsTable+raiseForeign, thingsSchema)
			var records []record
			counts := make(map[string]int)
			var rejected []string
			for row := 1; row <= count; row++ {
				prefix := "e"
				if row%100 < tt.created {
					prefix = "new"
				}
				member := `"need":"new"`
				if bad := (row - 500) / 1000; row%1000 == 500 {
					code := refusedThings[bad%len(refusedThings)]
					member += "," + code.member
					if tt.writing.Mode == collection.Delete {
						code.code = load.CodeForeignKey
					}
					if tt.writing.Mode != collection.Delete || bad < 4 {
						rejected = append(rejected, fmt.Sprintf("%d:%s", row, code.code))
					}
				}
				records = append(records, record{row, fmt.Sprintf(`{"id":"%s%d",%s}`, prefix, 10000+row, member)})
			}
			got := f.loadAs(t, tt.writing, 1, records...)
			for _, o := range got.Outcomes {
				counts[o[slices.Index([]byte(o), ':')+1:]]++
			}
			if diff := cmp.Diff(rejected, got.Rejected); diff != "" {
				t.Errorf("rejected (-want +got):\n%s", diff)
			}
			if n := counts["created"] + counts["updated"]; n != count-len(rejected) || tt.written != "" && counts[tt.written] != n {
				t.Errorf("outcomes = %v, want %d %s", counts, count-len(rejected), tt.written)
			}
		})
	}
}
