// Package scan reads the records of a collection's table that match a query. It reads page by page
// in the order of keys. Each page is a short statement that continues after the page before, so
// that a search needs no long transaction.
//
// The order of keys is the order of the columns in the table's unique index, whatever their order
// in x-longshore.key, so a page is a range of the index. Results are in this order unless the query
// sorts.
package scan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/table"
)

// Plan is a query prepared for the table of its collection. It is safe for concurrent use and valid
// until the types of the table's columns change. It never returns a row with a NULL in its key,
// which no import writes.
type Plan struct {
	table   string // quoted
	columns []column
	// key contains the indexes of the key's columns among columns, in the order of the unique
	// index.
	key        []int
	text       string
	conditions []condition
	orders     []order
	limit      int
	selected   string // the SQL of a record's members
}

// order is one element of a sort.
type order struct {
	column     int
	descending bool
}

// Prepare returns the plan of a query for the collection's table. It reads the catalog and lets
// Postgres parse the query's values, but does not read the table. The error is a fault of kind
// Invalid if the query cannot be run, and of kind Unavailable if the collection does not fit its
// table.
func Prepare(ctx context.Context, db table.DB, c *collection.Collection, q query.Query) (*Plan, error) {
	p := &Plan{table: table.QuoteName(c.Table), text: q.Text, limit: q.Limit}
	if err := p.readTable(ctx, db, c); err != nil {
		return nil, fmt.Errorf("describing table %s: %w", c.Table, err)
	}
	p.selected = p.selectRecord()
	var err error
	if p.orders, err = p.newOrders(q.Sort); err != nil {
		return nil, err
	}
	if p.conditions, err = p.newConditions(q.Filter); err != nil {
		return nil, err
	}
	if p.text != "" && !slices.ContainsFunc(p.columns, column.hasText) {
		return nil, invalid("query", "Collection %s has no text to search for words: use filter.", c.Name)
	}
	return p, p.checkValues(ctx, db)
}

// readTable sets the columns of the declared members, in the order of the collection, and the key.
func (p *Plan) readTable(ctx context.Context, db table.DB, c *collection.Collection) error {
	d, err := table.Read(ctx, db, c.Table)
	if errors.Is(err, table.ErrNotFound) {
		return unavailable(c, err)
	}
	if err != nil {
		return err
	}
	for _, property := range c.Properties {
		definition, err := d.Column(property)
		if err != nil {
			return unavailable(c, err)
		}
		p.columns = append(p.columns, newColumn(definition, property))
	}
	for _, member := range indexOrder(d.UniqueIndexes, c.Key) {
		p.key = append(p.key, p.find(member))
	}
	return nil
}

// indexOrder returns the columns of a key in the order of their unique index. It prefers an index
// in the order of the key. Without an index, as for a view, it returns the key itself.
func indexOrder(indexes []table.Index, key []string) []string {
	order := key
	for _, index := range slices.Backward(indexes) {
		if index.Ordered && slices.Equal(index.Columns, key) {
			return key
		}
		if index.Ordered && table.SameColumns(index.Columns, key) {
			order = index.Columns
		}
	}
	return order
}

// Sorted reports whether the query sorts in another order than that of keys, so that its results
// are known only after the whole table was read.
func (p *Plan) Sorted() bool { return len(p.orders) > 0 }

// Limit returns the maximum number of records; 0 means unlimited.
func (p *Plan) Limit() int { return p.limit }

func (p *Plan) find(member string) int {
	return slices.IndexFunc(p.columns, func(c column) bool { return c.name == member })
}

// newOrders returns the elements of a sort; none if the sort is the order of keys.
func (p *Plan) newOrders(sort []string) ([]order, error) {
	orders := make([]order, 0, len(sort))
	natural := true
	for i, element := range sort {
		member, descending := strings.CutPrefix(element, "-")
		index := p.find(member)
		if index < 0 || p.columns[index].isDocument() {
			return nil, invalid("sort", "sort can't use %q: there is no such member, or its values have no order.", member)
		}
		orders = append(orders, order{index, descending})
		natural = natural && !descending && i < len(p.key) && p.key[i] == index
	}
	if natural {
		return nil, nil
	}
	return orders, nil
}

// checkValues lets Postgres parse the query's values, so that an invalid one is reported before the
// search starts.
func (p *Plan) checkValues(ctx context.Context, db table.DB) error {
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
		return queryFault(err)
	}
	rows.Close()
	return queryFault(rows.Err())
}
