package chaos_test

import (
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/tool"
)

// settleLimit bounds how long accepted work may take after all faults are removed.
const settleLimit = 90 * time.Second

// settle waits until every operation is finished, and restarts processes that have exited by
// themselves.
func (c *chaos) settle() {
	c.t.Helper()
	for _, exited := range c.s.Exited() {
		c.client.violation("a process exited: %s", exited)
	}
	c.each(c.s.Revive)
	const live = `SELECT count(*) FROM xforce.tasks WHERE status IN ('waiting', 'running')`
	c.awaitZero("unfinished operations", settleLimit, live)
}

// awaitZero waits until a query counts nothing.
func (c *chaos) awaitZero(what string, limit time.Duration, sql string) {
	c.t.Helper()
	n := -1
	for deadline := time.Now().Add(limit); n != 0; {
		if time.Now().After(deadline) {
			c.client.violation("%d %s after %s", n, what, limit)
			return
		}
		if !c.row(&n, sql) {
			n = -1
		}
		c.pause(c.t.Context(), 100*time.Millisecond)
	}
}

// awaitReady waits until a process is ready. A process may take as long as another fault lasts.
func (c *chaos) awaitReady(service string, n int) {
	c.t.Helper()
	const limit = time.Minute
	await.Until(c.t, limit, "the "+service+" to be ready", func() bool { return c.s.Ready(service, n) })
}

// stored is an operation as the tables contain it.
type stored struct {
	ID, Kind, Status, Label, Failure          string
	Number                                    int64
	Total, Created, Updated, Superseded, Fail int
}

// checkModel compares the operations of a round, and the whole table of records, with the model.
func (c *chaos) checkModel(r *result) {
	c.t.Helper()
	const query = `
SELECT task_id::text, kind, status, coalesce(labels->>'request', ''), coalesce(error_code, ''), number,
  total_records, created_records, updated_records, superseded_records, failed_records
FROM xforce.tasks WHERE number > $1 ORDER BY number`
	rows, err := c.s.DB().Query(c.t.Context(), query, c.checked)
	if err != nil {
		c.t.Fatal(err)
	}
	operations, err := pgx.CollectRows(rows, pgx.RowToStructByPos[stored])
	if err != nil {
		c.t.Fatal(err)
	}
	for _, o := range operations {
		c.checkOperation(r, o)
		c.checked = o.Number
	}
	for label, s := range c.model.sent {
		if s.id != "" && s.found == "" {
			r.lost++
			c.client.violation("request %s was accepted as operation %s, which does not exist", label, s.id)
		}
		delete(c.model.sent, label)
	}
	c.checkTable(r)
}

func (c *chaos) checkOperation(r *result, o stored) {
	c.t.Helper()
	s, known := c.model.sent[o.Label]
	switch {
	case !known:
		c.client.violation("operation %s has the label %q, which no request of the round had", o.ID, o.Label)
		return
	case s.found != "":
		r.doubled++
		c.client.violation("request %s has started the operations %s and %s", o.Label, s.found, o.ID)
	case s.refused != "":
		r.doubled++
		c.client.violation("request %s has started operation %s, but was answered %s", o.Label, o.ID, s.refused)
	case s.id != "" && s.id != o.ID:
		c.client.violation("request %s has started operation %s, but its answer names %s", o.Label, o.ID, s.id)
	case o.Status != "succeeded" && o.Status != "cancelled" && !(o.Status == "timed_out" && s.id == ""):
		c.client.violation("%s %s is %s: %s", o.Kind, o.ID, o.Status, o.Failure)
	}
	s.found = o.ID
	r.operations++
	if s.batch != nil {
		r.records += s.batch.records
		c.applyBatch(o, s.batch)
	}
}

// applyBatch writes what an import has done to the expected table.
func (c *chaos) applyBatch(o stored, b *batch) {
	c.t.Helper()
	valid, applied := 0, c.appliedRows(o)
	b.each(func(row, key int, isValid bool) {
		if isValid {
			valid++
		}
		if isValid && applied(row) {
			c.model.apply(tool.ID(key), written{o.Number, row, b.name(row)})
		}
	})
	if o.Status == "succeeded" && (o.Total != b.records || o.Fail != b.records-valid || o.Created+o.Updated+o.Superseded != valid) {
		c.client.violation("import %s has the counts %+v, want %d records, %d of them valid", o.ID, o, b.records, valid)
	}
}

// appliedRows returns which rows of an import were processed: all, or those of its done chunks.
func (c *chaos) appliedRows(o stored) func(row int) bool {
	c.t.Helper()
	if o.Status == "succeeded" {
		return func(int) bool { return true }
	}
	done := make(map[int]bool)
	var first, end int
	c.eachRow(func() {
		for row := first; row < end; row++ {
			done[row] = true
		}
	}, []any{&first, &end},
		`SELECT first_row, first_row + row_count FROM xforce.task_chunks WHERE task_id = $1 AND seq >= 0 AND state = 'done'`, o.ID)
	return func(row int) bool { return done[row] }
}

// checkTable compares every row of the collection's table with the model, and their number with the
// counts of all imports: a chunk that was applied twice would have been counted twice.
func (c *chaos) checkTable(r *result) {
	c.t.Helper()
	found := 0
	var key string
	var got written
	c.eachRow(func() {
		found++
		if want := c.model.table[key]; got != want {
			r.wrongRow(got, want)
			c.client.violation("the record %s is %+v, want %+v", key, got, want)
		}
	}, []any{&key, &got.name, &got.number, &got.row}, `SELECT tool_id, tool_name, import_number, import_row FROM xforce.tools`)
	if found != len(c.model.table) {
		r.lost += max(len(c.model.table)-found, 0)
		c.client.violation("the table has %d records, want %d", found, len(c.model.table))
	}
	created := c.s.Number(`SELECT sum(created_records) FROM xforce.tasks WHERE kind = 'import'`)
	if created != found {
		r.doubled++
		c.client.violation("the imports have created %d records, the table has %d", created, found)
	}
}

// eachRow runs a query, and calls visit for each row after it has been scanned into the values.
func (c *chaos) eachRow(visit func(), values []any, sql string, args ...any) {
	c.t.Helper()
	rows, err := c.s.DB().Query(c.t.Context(), sql, args...)
	if err == nil {
		_, err = pgx.ForEachRow(rows, values, func() error { visit(); return nil })
	}
	if err == nil {
		err = rows.Err()
	}
	if err != nil {
		c.t.Fatal(err)
	}
}
