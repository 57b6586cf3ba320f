package load

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/longshore-io/longshore/pkg/collection"
)

// The parts of a walk that writes rows in a write mode. A row that exists is found before it is
// inserted: Postgres draws from sequences, and refuses NULL, before it looks for a conflict. The
// INSERT still has an ON CONFLICT, because another transaction may insert the key meanwhile, and a
// trigger may change it.
const (
	modeDeclarations = `group_numbers CONSTANT bytea := decode('%s', 'hex');
  absent_members CONSTANT bytea := decode('%s', 'hex');
  group_number int;
  row_place int;`

	modeRow = `FETCH ABSOLUTE i FROM given_rows INTO given;
    %s
    row_place := i - 1;
    group_number := 256 * get_byte(group_numbers, 2 * row_place) + get_byte(group_numbers, 2 * row_place + 1);
    CASE group_number
    %s
    END CASE;`

	modeAgain = `FOR i IN first_row .. next_row - 1 LOOP
        IF outcomes[i] IN ('created', 'updated', 'unreturned') THEN
          %s
        END IF;
      END LOOP;`

	modeMerge = `%[1]s;
      IF FOUND THEN
        outcomes[i] := 'updated';
      ELSE
        PERFORM FROM %[2]s;
        IF FOUND THEN
          outcomes[i] := 'unreturned';
        ELSE
          %[3]s INTO created;
          outcomes[i] := CASE WHEN created THEN 'created' WHEN NOT created THEN 'updated' ELSE 'unreturned' END;
        END IF;
      END IF;`

	modeChange = `%[1]s;
      IF FOUND THEN
        outcomes[i] := 'updated';
      ELSE
        PERFORM FROM %[2]s;
        outcomes[i] := CASE WHEN FOUND THEN 'unreturned' ELSE 'missing' END;
      END IF;`

	modeInsert = `PERFORM FROM %[2]s;
      IF FOUND THEN
        outcomes[i] := 'exists';
      ELSE
        %[1]s INTO created;
        IF created THEN
          outcomes[i] := 'created';
        ELSE
          PERFORM FROM %[2]s;
          outcomes[i] := CASE WHEN FOUND THEN 'exists' ELSE 'unreturned' END;
        END IF;
      END IF;`

	// Without ON CONFLICT, a row is looked for before it is changed or inserted. A rule or an INSTEAD OF trigger may
	// write something else than the statement says, so the statement's row count is no proof that nothing was written.
	plainMerge = `PERFORM FROM %[2]s;
      IF FOUND THEN
        %[1]s;
        outcomes[i] := CASE WHEN FOUND THEN 'updated' ELSE 'unreturned' END;
      ELSE
        ` + plainCreate + `
      END IF;`

	plainInsert = `PERFORM FROM %[2]s;
      IF FOUND THEN
        outcomes[i] := 'exists';
      ELSE
        ` + plainCreate + `
      END IF;`

	plainCreate = `%[3]s;
        IF NOT FOUND THEN
          PERFORM FROM %[2]s;
        END IF;
        outcomes[i] := CASE WHEN FOUND THEN 'created' ELSE 'unreturned' END;`

	modeAppend = `%s;
      outcomes[i] := CASE WHEN FOUND THEN 'created' ELSE 'unreturned' END;`
)

// modeParts are the parts that write each row in the mode, with the statements of its group.
func (w *walker) modeParts() walkParts {
	groups, of := w.groups(w.rows)
	numbers := make([]byte, 0, 2*len(of))
	for _, n := range of {
		numbers = binary.BigEndian.AppendUint16(numbers, uint16(n)) //nolint:gosec // at most as many as rows of a chunk
	}
	var branches []string
	var bitmaps []byte
	for n, g := range groups {
		branches = append(branches, fmt.Sprintf("WHEN %d THEN %s", n, w.modeStatements(g)))
		if g.dynamic {
			bitmaps = w.batch.bitmaps(w.rows)
		}
	}
	row := fmt.Sprintf(modeRow, w.table.clearNote(), strings.Join(branches, "\n    "))
	return walkParts{
		declarations: fmt.Sprintf(modeDeclarations, hex.EncodeToString(numbers), hex.EncodeToString(bitmaps)),
		write:        row,
		again:        fmt.Sprintf(modeAgain, row),
		size:         len(w.rows),
	}
}

// modeStatements returns the statements that write a row of the group and set its outcome.
func (w *walker) modeStatements(g group) string {
	s := statements{
		table: w.table, mode: w.mode, group: g, source: "given",
		bits: "longshore_walk.absent_members", place: "longshore_walk.row_place",
	}
	if w.table.keyLength == 0 {
		return fmt.Sprintf(modeAppend, s.insert())
	}
	existing := w.table.name + " AS existing WHERE " + w.table.sameKey("existing", "given")
	switch {
	case w.mode == collection.Insert && w.table.kinds.upserts:
		return fmt.Sprintf(modeInsert, s.insert(), existing)
	case w.mode == collection.Insert:
		return fmt.Sprintf(plainInsert, "", existing, s.insert())
	}
	head, _ := s.change()
	change := head + " WHERE " + s.matches()
	if !w.mode.Creates() {
		return fmt.Sprintf(modeChange, change, existing)
	}
	if !w.table.kinds.upserts {
		return fmt.Sprintf(plainMerge, change, existing, s.insert())
	}
	return fmt.Sprintf(modeMerge, change, existing+" AND "+w.table.laterThan("existing", "given"), s.insert())
}
