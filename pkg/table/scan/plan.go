// Package scan reads the records of a collection's table that a query asks for: page by page in the order of keys, each page a short
// statement that goes on where the one before left off, so that no search needs a long transaction.
//
// The order of keys is that of the columns in the table's unique index, whatever the order in x-longshore.key: so a page is a range of the
// index. It is the order of what is found when the query does not sort.
package scan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/query"
)

// DB is what a plan reads through: a pool, a connection or a transaction.
type DB interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Plan is a query made ready for the table of its collection. It is safe for concurrent use, and holds as long as the table's columns keep
// their types. A row whose key has a NULL in it is never found: no import writes one.
type Plan struct {
	table   string
	columns []column
	// key are the places of the key's columns among columns, in the order of the index.
	key  []int
	text string
	// conditions hold Postgres's types of their values already.
	conditions []condition
	orders     []order
	limit      int
	selected   string // the SQL of a record's members
}

// order is one step of a sort.
type order struct {
	column     int
	descending bool
}

// Prepare makes the plan of a query for the collection's table. It reads the catalog and tries the query's values, but does not touch the
// table. What the query asks for in vain is a fault of kind Invalid.
func Prepare(ctx context.Context, db DB, c *collection.Collection, q query.Query) (*Plan, error) {
	columns, err := describe(ctx, db, c)
	if err != nil {
		return nil, fmt.Errorf("describing table %s: %w", c.Table, err)
	}
	p := &Plan{table: pgx.Identifier(strings.Split(c.Table, ".")).Sanitize(), columns: columns, text: q.Text, limit: q.Limit}
	key, err := indexOrder(ctx, db, p.table, c.Key)
	if err != nil {
		return nil, fmt.Errorf("finding the index of table %s: %w", c.Table, err)
	}
	for _, member := range key {
		p.key = append(p.key, p.find(member))
	}
	p.selected = p.selectRecord()
	if p.orders, err = p.readOrders(q.Sort); err != nil {
		return nil, err
	}
	if p.conditions, err = p.readConditions(q.Filter); err != nil {
		return nil, err
	}
	if p.text != "" && !slices.ContainsFunc(columns, column.hasText) {
		return nil, invalid("query", "Collection %s has no text to search for words: use filter.", c.Name)
	}
	return p, p.tryValues(ctx, db)
}

// Sorted reports whether records are wanted in another order than that of keys, so that the best of them are known only at the end.
func (p *Plan) Sorted() bool { return len(p.orders) > 0 }

// Limit is how many records the query asks for; 0 means all.
func (p *Plan) Limit() int { return p.limit }

func (p *Plan) find(member string) int {
	return slices.IndexFunc(p.columns, func(c column) bool { return c.name == member })
}

// readOrders leaves out a sort that is the order of keys anyway.
func (p *Plan) readOrders(sort []string) ([]order, error) {
	orders := make([]order, 0, len(sort))
	natural := true
	for i, step := range sort {
		member, descending := strings.CutPrefix(step, "-")
		at := p.find(member)
		if at < 0 || p.columns[at].isDocument() {
			return nil, invalid("sort", "sort can't use %q: there is no such member, or its values have no order.", member)
		}
		orders = append(orders, order{at, descending})
		natural = natural && !descending && i < len(p.key) && p.key[i] == at
	}
	if natural {
		return nil, nil
	}
	return orders, nil
}

// tryValues lets Postgres read the query's values, so that what it refuses is told at once.
func (p *Plan) tryValues(ctx context.Context, db DB) error {
	var s statement
	var values []string
	for _, c := range p.conditions {
		values = append(values, s.values(c)...)
	}
	if len(values) == 0 {
		return nil
	}
	rows, err := db.Query(ctx, "SELECT "+strings.Join(values, ", "), s.args...)
	if err != nil {
		return refused(err)
	}
	rows.Close()
	return refused(rows.Err())
}

func invalid(where, format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid-query", format, args...).With("where", where)
}
