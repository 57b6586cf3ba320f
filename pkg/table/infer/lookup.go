package infer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/table"
)

// Lookup is what x-longshore.lookups may say about a member, so that records name a row of another table by its natural
// key.
type Lookup struct {
	Table string `json:"table"`
	// By has the columns of the natural key by the paths of their values.
	By map[string]string `json:"by"`
}

// referencesSQL returns the foreign keys of one column, with the table and the column to which each refers.
const referencesSQL = `
SELECT a.attname::text, p.attname::text, quote_ident(n.nspname) || '.' || quote_ident(r.relname)
FROM pg_constraint k
JOIN pg_attribute a ON a.attrelid = k.conrelid AND k.conkey = ARRAY[a.attnum]
JOIN pg_attribute p ON p.attrelid = k.confrelid AND k.confkey = ARRAY[p.attnum]
JOIN pg_class r ON r.oid = k.confrelid
JOIN pg_namespace n ON n.oid = r.relnamespace
WHERE k.contype = 'f' AND k.conrelid = $1
ORDER BY a.attnum, k.oid`

type reference struct{ column, referenced, table string }

// proposeLookups returns the lookups that the foreign keys allow, by their members: those to tables that have, beside the
// key to which they refer, exactly one unique key, whose columns are never NULL.
func proposeLookups(ctx context.Context, db table.DB, d *table.Definition, members []member) (map[string]Lookup, error) {
	rows, err := db.Query(ctx, referencesSQL, d.Base())
	if err != nil {
		return nil, fmt.Errorf("reading the foreign keys of %s: %w", d.QuotedName(), err)
	}
	references, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r reference, err error) {
		return r, row.Scan(&r.column, &r.referenced, &r.table)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the foreign keys of %s: %w", d.QuotedName(), err)
	}
	proposed := make(map[string]Lookup)
	for _, r := range references {
		name := d.Rename([]string{r.column})[0]
		_, known := proposed[name]
		if known || !slices.ContainsFunc(members, func(m member) bool { return m.name == name }) {
			continue
		}
		other, err := table.Read(ctx, db, r.table)
		if err != nil {
			return nil, fmt.Errorf("reading table %s: %w", r.table, err)
		}
		if key := naturalKey(other, r.referenced); key != nil {
			proposed[name] = Lookup{Table: tableName(other), By: pathsTo(name, other.Name, key)}
		}
	}
	return proposed, nil
}

// naturalKey returns the columns of the only unique key beside the one to which a foreign key refers; nil if there are
// several or none.
func naturalKey(d *table.Definition, referenced string) (key []string) {
	for _, i := range d.UniqueIndexes {
		switch {
		case !i.Arbiter || !areRequired(d, i.Columns) || slices.Equal(i.Columns, []string{referenced}):
		case key != nil:
			return nil
		default:
			key = i.Columns
		}
	}
	return key
}

// pathsTo returns the columns of a natural key by their paths. The object that has them is called like the member without
// its _id, or like the other table.
func pathsTo(member, other string, key []string) map[string]string {
	object, isID := strings.CutSuffix(member, "_id")
	if !isID || object == "" {
		object = nameOf(other)
	}
	if object == member {
		object += "_row"
	}
	by := make(map[string]string, len(key))
	for _, column := range key {
		by[object+"."+column] = column
	}
	return by
}
