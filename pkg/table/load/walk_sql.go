package load

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// The cursors between the loader and the block of a walk.
const (
	walkRows    = "longshore_rows"
	walkResults = "longshore_results"
)

// The flags of a row that the block reads.
const (
	spareFlag      = 1
	unreadableFlag = 2
	// nextFlag marks a row that is applied after the row before, to the same key.
	nextFlag = 4
)

// The outcomes of rows that the block returns, besides "skipped" for a spare row that was not needed.
const (
	walkCreated    = "created"
	walkUpdated    = "updated"
	walkUnreturned = "unreturned"
	walkRefused    = "refused"
	walkOrphaned   = "orphaned"
	walkExists     = "exists"
	walkMissing    = "missing"
	// walkDeferred is a row that must wait because the row before it is orphaned.
	walkDeferred = "deferred"
)

// maxRuns bounds the subtransactions that a walk holds at once. More than 64 written ones in a
// transaction would slow down every other session (PGPROC_MAX_CACHED_SUBXIDS).
const maxRuns = 32

// walkBlock writes the rows of the cursor in their order. Rows are written in runs, each in a
// subtransaction. A refused row undoes its run, so the rows before it are written again, as a run of
// their own; a run is longer if the one before was written. A run that has written something
// takes a transaction id, one of which the first row is refused before it is written takes none.
//
// After max_runs runs, all of them are undone, and their rows are written again with one statement
// and without subtransactions. So a refused row may cause other rows to be written twice or three times, but
// the effects of triggers in the database remain once for each accepted row.
const walkBlock = `#variable_conflict use_column
<<longshore_walk>>
DECLARE
  last_row CONSTANT int := %[1]d;
  max_runs CONSTANT int := %[2]d;
  self_references CONSTANT text[] := %[3]s;
  awaited_codes CONSTANT text[] := %[11]s;
  given_rows CONSTANT refcursor := '` + walkRows + `';
  results refcursor := '` + walkResults + `';
  given %[6]s;
  accepted %[6]s[];
  %[9]s
  flags CONSTANT bytea := decode('%[7]s', 'hex');
  created boolean;
  code text; column_name text; constraint_name text; message text; context text; raised boolean;
  outcomes text[] := array_fill(NULL::text, ARRAY[%[1]d]);
  codes text[] := outcomes;
  columns text[] := outcomes;
  constraints text[] := outcomes;
  messages text[] := outcomes;
  first_row int;
  next_row int := 1;
  i int;
  size int := %[10]d;
  runs int;
  again boolean;
BEGIN
  WHILE next_row <= last_row LOOP
    first_row := next_row;
    runs := 0;
    again := false;
    BEGIN
      WHILE next_row <= last_row LOOP
        BEGIN
          i := next_row;
          WHILE i <= last_row AND i < next_row + size LOOP
            %[4]s
            i := i + 1;
          END LOOP;
          next_row := i;
          size := 2 * size;
          runs := runs + 1;
        EXCEPTION WHEN OTHERS OR ASSERT_FAILURE THEN
          GET STACKED DIAGNOSTICS code := RETURNED_SQLSTATE, column_name := COLUMN_NAME, constraint_name := CONSTRAINT_NAME,
            message := MESSAGE_TEXT, context := PG_EXCEPTION_CONTEXT;
          raised := split_part(context, E'\n', 1) LIKE 'PL/pgSQL function %% at RAISE';
          IF NOT (%[5]s) THEN
            RAISE;
          END IF;
          codes[i] := code;
          columns[i] := column_name;
          constraints[i] := constraint_name;
          messages[i] := CASE WHEN raised THEN message END;
          outcomes[i] := CASE WHEN constraint_name = ANY (self_references) OR code = ANY (awaited_codes) THEN 'orphaned' ELSE 'refused' END;
          size := greatest(1, i - next_row);
          IF i = next_row THEN
            next_row := i + 1;
          END IF;
        END;
        IF runs >= max_runs THEN
          again := true;
          RAISE EXCEPTION 'write the rows again';
        END IF;
      END LOOP;
    EXCEPTION WHEN OTHERS THEN
      IF NOT again THEN
        RAISE;
      END IF;
    END;
    IF again THEN
      %[8]s
    END IF;
  END LOOP;
  OPEN results FOR SELECT * FROM unnest(outcomes, codes, columns, constraints, messages);
END`

// walkRow writes the row with the number i, unless it is not needed or cannot be read. Its statements
// begin with that it is fetched.
const walkRow = `IF outcomes[i] IS NULL OR outcomes[i] NOT IN ('refused', 'orphaned') THEN
  IF get_byte(flags, i - 1) & %[1]d > 0 AND outcomes[i - 1] <> 'refused' THEN
    outcomes[i] := 'skipped';
  ELSIF get_byte(flags, i - 1) & %[2]d > 0 THEN
    outcomes[i] := 'refused';
  ELSIF get_byte(flags, i - 1) & %[4]d > 0 AND outcomes[i - 1] IN ('orphaned', 'deferred') THEN
    outcomes[i] := 'deferred';
  ELSE
    %[3]s
  END IF;
END IF;`

// walkUpsert upserts the row with the number i.
const walkUpsert = `FETCH ABSOLUTE i FROM given_rows INTO given;
    %[2]s
    %[1]s INTO created;
    outcomes[i] := CASE WHEN created THEN 'created' WHEN NOT created THEN 'updated' ELSE 'unreturned' END;`

// walkAgain writes the accepted rows again by one upsert.
const walkAgain = `accepted := NULL;
      FOR i IN first_row .. next_row - 1 LOOP
        IF outcomes[i] IN ('created', 'updated', 'unreturned') THEN
          FETCH ABSOLUTE i FROM given_rows INTO given;
          accepted := array_append(accepted, given);
        END IF;
      END LOOP;
      %s;`

// walkRowsSQL declares the cursor that the block reads.
func (t *Table) walkRowsSQL() string {
	return "DECLARE " + walkRows + " SCROLL CURSOR FOR SELECT * FROM unnest($1::" + t.name + "[])"
}

// walkParts are the parts of a block that depend on the way in which a row is written.
type walkParts struct {
	declarations, write, again string
	// size is the number of rows of the first run.
	size int
}

// walkSQL returns the block that writes the walker's rows.
func (w *walker) walkSQL(maxRuns int) string {
	flags := w.flags()
	parts := w.upsertParts()
	if !w.ways.upsert.plain {
		parts = w.modeParts()
	}
	write := fmt.Sprintf(walkRow, spareFlag, unreadableFlag, parts.write, nextFlag)
	block := fmt.Sprintf(walkBlock, len(flags), maxRuns, textArray(w.table.selfReferences), write, isRejectionSQL, w.table.name, hex.EncodeToString(flags),
		parts.again, parts.declarations, parts.size, textArray(w.awaitedCodes()))
	return "DO " + literal(block)
}

// awaitedCodes returns the codes of refusals for which the next rows with the same key wait.
func (w *walker) awaitedCodes() []string {
	if w.awaitsParents() {
		return []string{foreignKeyViolation}
	}
	return nil
}

// upsertParts are the parts that write each row by an upsert.
func (w *walker) upsertParts() walkParts {
	t := w.table
	one, all := make([]string, len(t.written)), make([]string, len(t.written))
	for i, name := range t.written {
		one[i], all[i] = "given."+name, "incoming."+name
	}
	return walkParts{
		write: fmt.Sprintf(walkUpsert, t.upsert("VALUES ("+strings.Join(one, ", ")+")")+" RETURNING "+t.createdSQL(), t.clearNote()),
		again: fmt.Sprintf(walkAgain, t.upsert("SELECT "+strings.Join(all, ", ")+" FROM unnest(accepted) AS incoming")),
		size:  1,
	}
}

// isRejectionSQL is the condition under which an error in PL/pgSQL is one of those that rejectionOf
// returns. Which routine reports a missing privilege is not known there. It is a policy or a trigger:
// Postgres checks the privileges on the table before the first row.
var isRejectionSQL = fmt.Sprintf("left(SQLSTATE, 2) <> ALL (%s) AND (raised OR SQLSTATE <> ALL (%s))",
	textArray(sessionClasses), textArray(append(slices.Clone(changeCodes), corruptionCodes...)))

func textArray(texts []string) string {
	quoted := slices.Clone(texts)
	for i, text := range quoted {
		quoted[i] = literal(text)
	}
	return "ARRAY[" + strings.Join(quoted, ", ") + "]::text[]"
}

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
