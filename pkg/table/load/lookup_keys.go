package load

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
)

// Keys are the different natural keys of a chunk. They are found by one query, also if all records of the chunk name
// the same row. Keys is not safe for concurrent use.
type Keys struct {
	lookup *Lookup
	// places has the place of each key among entries, by the JSON texts of its parts.
	places  map[string]int
	text    []byte
	entries []lookedUp
	// batch has the encoded keys in the order of entries, and rows those that are created.
	batch, rows *Batch
}

// lookedUp is a natural key and what was found for it.
type lookedUp struct {
	// sources are the values of a record that has the key.
	sources []jsontext.Value
	// creatable reports whether a row can be created from sources. Otherwise blocked has the reasons why it cannot, or is
	// nil if none is needed.
	creatable bool
	blocked   []operation.Reason
	// value is the JSON value of the row that was found; nil if there is none.
	value jsontext.Value
	// reasons are why nothing was found, other than that there is no row.
	reasons []operation.Reason
}

// NewKeys returns no keys yet.
func (l *Lookup) NewKeys() *Keys {
	k := &Keys{lookup: l, places: make(map[string]int), batch: l.keys.NewBatch()}
	k.batch.texts = texts{table: l.keys, types: pgtype.NewMap()}
	if l.rows != nil {
		k.rows = l.rows.NewBatch()
	}
	return k
}

// Lookup returns the lookup to which the keys belong.
func (k *Keys) Lookup() *Lookup { return k.lookup }

// Len returns the number of different keys.
func (k *Keys) Len() int { return len(k.entries) }

// Reset forgets all keys.
func (k *Keys) Reset() {
	clear(k.places)
	clear(k.entries)
	k.entries = k.entries[:0]
	k.batch.Reset()
}

// Add adds the key of a record, which is complete, and returns its place. sources are the values of the collection's
// lookup paths; their bytes must stay as they are until Reset. If a part cannot be a value of its column, Add returns the
// reasons, which point to columns: see Lookup.Locate.
func (k *Keys) Add(sources []jsontext.Value) (place int, reasons []operation.Reason) {
	k.text = k.text[:0]
	for _, i := range k.lookup.by {
		k.text = append(append(k.text, sources[i]...), 0)
	}
	if place, known := k.places[string(k.text)]; known {
		return place, nil
	}
	if reasons := k.lookup.checkTexts(sources); reasons != nil {
		return 0, reasons
	}
	place = len(k.entries)
	if reasons := k.batch.Add(place+1, valuesAt(sources, k.lookup.by)); reasons != nil {
		return 0, reasons
	}
	k.places[string(k.text)] = place
	k.entries = append(k.entries, lookedUp{sources: slices.Clone(sources)})
	return place, nil
}

// checkTexts returns the reasons to reject arrays where a type without an encoding of its own would take their text.
func (l *Lookup) checkTexts(sources []jsontext.Value) (reasons []operation.Reason) {
	for n, i := range l.by {
		if c := &l.keys.columns[n]; c.textForm && !c.isArray && sources[i][0] == '[' {
			reasons = append(reasons, c.reason(wrongType))
		}
	}
	return reasons
}

// Need says that a record needs the row of the key at a place, which is created if it is missing and if the lookup does
// that. Of several records with the key, the first from which a row can be created is used.
func (k *Keys) Need(place int, sources []jsontext.Value) {
	e := &k.entries[place]
	if k.rows == nil || e.creatable {
		return
	}
	k.rows.Reset()
	if reasons := k.rows.Add(place+1, k.rowOf(sources)); reasons == nil {
		e.creatable, e.sources = true, slices.Clone(sources)
	} else if e.blocked == nil {
		e.blocked = reasons
	}
}

// rowOf returns the values of a row that is created.
func (k *Keys) rowOf(sources []jsontext.Value) []jsontext.Value {
	return valuesAt(sources, slices.Concat(k.lookup.by, k.lookup.create))
}

func valuesAt(sources []jsontext.Value, indexes []int) []jsontext.Value {
	values := make([]jsontext.Value, len(indexes))
	for n, i := range indexes {
		values[n] = sources[i]
	}
	return values
}

// Result returns the value for the key at a place, or the reasons to reject the record; these point to columns. strict
// is true for a record that has a value itself, with which the row must exist.
func (k *Keys) Result(place int, strict bool) (jsontext.Value, []operation.Reason) {
	e := &k.entries[place]
	switch {
	case e.reasons != nil:
		return nil, e.reasons
	case e.value != nil:
		return e.value, nil
	case k.lookup.Missing == collection.NullMissing && !strict:
		return jsontext.Value("null"), nil
	}
	return nil, []operation.Reason{k.lookup.missingReason(valuesAt(e.sources, k.lookup.by))}
}

// Resolve finds the rows of all keys, and creates those that are missing if the lookup does that, inside the caller's
// transaction, which must be rolled back if Resolve returns an error. number is that of the import.
//
// Of concurrent transactions that create the same row, one does, and the others wait for it and find it.
func (k *Keys) Resolve(ctx context.Context, tx pgx.Tx, number int64) error {
	if len(k.entries) == 0 {
		return nil
	}
	places := make([]int32, len(k.entries))
	for i := range places {
		places[i] = int32(i)
	}
	f := finder{Keys: k, loader: loader{conn: tx.Conn().PgConn(), batch: k.batch, table: k.lookup.keys}}
	if err := f.find(ctx, places); err != nil {
		return fmt.Errorf("looking up %q in %s: %w", k.lookup.Member, k.lookup.Table, markChanged(err))
	}
	if k.rows == nil {
		return nil
	}
	created, err := k.createMissing(ctx, tx, number)
	if err == nil && len(created) > 0 {
		err = f.find(ctx, created)
	}
	if err != nil {
		return fmt.Errorf("creating rows of %s for %q: %w", k.lookup.Table, k.lookup.Member, markChanged(err))
	}
	return nil
}

// createMissing creates the rows of keys that were not found, in the order of the keys, and returns their places.
func (k *Keys) createMissing(ctx context.Context, tx pgx.Tx, number int64) (created []int32, err error) {
	k.rows.Reset()
	for place := range k.entries {
		e := &k.entries[place]
		switch {
		case e.value != nil || e.reasons != nil:
		case !e.creatable:
			e.reasons = k.lookup.notCreated(e.blocked)
		default:
			_ = k.rows.Add(place+1, k.rowOf(e.sources)) // Need has checked it
			created = append(created, int32(place))
		}
	}
	if len(created) == 0 {
		return nil, nil
	}
	result, err := k.rows.Load(ctx, tx, number)
	if err != nil {
		return nil, err
	}
	for _, rejected := range result.Rejected {
		k.entries[rejected.Row-1].reasons = k.lookup.notCreated(rejected.Reasons)
	}
	return slices.DeleteFunc(created, func(place int32) bool { return k.entries[place].reasons != nil }), nil
}

// notCreated returns the reasons why a row could not be created.
func (l *Lookup) notCreated(reasons []operation.Reason) []operation.Reason {
	reasons = slices.Clone(reasons)
	for i := range reasons {
		reasons[i].Message = "no row of " + l.Table + " could be created: " + reasons[i].Message
		if reasons[i].Pointer == "" {
			reasons[i].Pointer = pointer(l.By[0].Column)
		}
	}
	return reasons
}

// finder finds the rows of keys.
type finder struct {
	*Keys
	loader loader
}

// find finds the rows of the keys at places with one query. If Postgres cannot read one of the keys, it finds out which
// one by halving them.
func (f *finder) find(ctx context.Context, places []int32) error {
	if !f.lookup.reads {
		return f.query(ctx, places)
	}
	if err := f.loader.exec(ctx, savepointSQL); err != nil {
		return err
	}
	err := f.query(ctx, places)
	switch {
	case err == nil:
		return f.loader.exec(ctx, releaseSQL)
	case rejectionOf(err) == nil:
		return err
	}
	if err := f.loader.exec(ctx, rollbackSQL); err != nil {
		return err
	}
	for _, place := range places { // Postgres may have returned rows before the error
		f.entries[place].value, f.entries[place].reasons = nil, nil
	}
	if len(places) == 1 {
		f.entries[places[0]].reasons = []operation.Reason{f.lookup.unreadable()}
		return nil
	}
	half := len(places) / 2
	if err := f.find(ctx, places[:half]); err != nil {
		return err
	}
	return f.find(ctx, places[half:])
}

func (f *finder) query(ctx context.Context, places []int32) error {
	var values [][]byte
	var formats []int16
	for i, asText := range f.lookup.asText {
		if asText {
			values, formats = append(values, f.batch.fieldTexts(places, i)), append(formats, pgx.TextFormatCode)
		} else {
			values, formats = append(values, f.batch.appendFields(nil, places, i, f.lookup.keys.columns[i].base)), append(formats, pgx.BinaryFormatCode)
		}
	}
	result := f.loader.conn.ExecParams(ctx, f.lookup.sql, values, nil, formats, []int16{pgx.BinaryFormatCode, pgx.TextFormatCode})
	for result.NextRow() {
		row := result.Values()
		e := &f.entries[places[readInt(row[0])-1]]
		if e.value != nil {
			e.reasons = []operation.Reason{f.lookup.ambiguous()}
		}
		e.value = slices.Clone(jsontext.Value(row[1]))
	}
	_, err := result.Close()
	return err
}

// unreadable is the reason to reject a record with a key that Postgres cannot read.
func (l *Lookup) unreadable() operation.Reason {
	for i := range l.keys.columns {
		if c := &l.keys.columns[i]; l.asText[i] || c.labels != nil {
			return c.reason(malformed)
		}
	}
	return l.keys.columns[0].reason(malformed)
}

// ambiguous is the reason to reject a record whose key several rows have, which is possible only since a unique index
// was dropped.
func (l *Lookup) ambiguous() operation.Reason {
	return operation.Reason{
		Pointer: pointer(l.By[0].Column), Code: CodeLookupAmbiguous, Message: "several rows of " + l.Table + " have this value of " + l.paths(),
	}
}
