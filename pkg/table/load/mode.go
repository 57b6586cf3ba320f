package load

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/table"
)

// SetWriting empties the batch and sets how its records are written. A new batch has the setting of the
// collection. It returns an error that says how to correct the table if this mode cannot write to it.
func (b *Batch) SetWriting(w collection.Writing) error {
	if err := b.table.CheckMode(w.Mode); err != nil {
		return err
	}
	b.Reset()
	b.setWriting(w)
	return nil
}

func (b *Batch) setWriting(w collection.Writing) {
	b.writing = w
	b.optional = slices.Grow(b.optional[:0], len(b.table.columns))[:len(b.table.columns)]
	for i := range b.optional {
		b.optional[i] = i >= b.table.keyLength && (keepsAbsent(w.Mode) || b.table.columns[i].standard != nil)
	}
}

// keepsAbsent reports whether the mode leaves alone the columns of an existing row that a record does
// not have.
func keepsAbsent(m collection.WriteMode) bool {
	return m == collection.Merge || m == collection.Update || m == collection.Delete
}

// value returns the value of the i-th column among those of a record; nil if it is absent. A record of
// a deletion has a key only.
func (b *Batch) value(i int, values []jsontext.Value) jsontext.Value {
	member := b.table.columns[i].member
	if member >= len(values) || b.writing.Mode == collection.Delete && i >= b.table.keyLength {
		return nil
	}
	return values[member]
}

// CheckMode checks that the mode can write to the table, which Describe has checked for the mode of the
// collection.
func (t *Table) CheckMode(m collection.WriteMode) error {
	errs := []error{t.checkPrivileges(m), checkCommands(t.access, m)}
	if t.keyLength == 0 && m != collection.Insert {
		errs = append(errs, errors.New("the collection has no key, by which a row could be found: its records can only be inserted"))
	}
	if m.Creates() {
		errs = append(errs, t.incomplete)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("write mode %s does not fit table %s: %w", m, t.name, &MisfitError{err})
	}
	return nil
}

// checkPrivileges checks that the role has the privileges that the mode needs.
func (t *Table) checkPrivileges(m collection.WriteMode) error {
	return checkNeeded(t.name, t.access, needed(m, t.keyLength))
}

func checkPrivileges(name string, a *table.Access, c *collection.Collection) error {
	return checkNeeded(name, a, needed(c.Writing.Mode, len(c.Key)))
}

// needed returns the privileges that the mode needs. Without a key no row is read.
func needed(m collection.WriteMode, keyLength int) []string {
	if keyLength == 0 {
		return []string{"INSERT"}
	}
	return privileges(m)
}

func checkNeeded(name string, a *table.Access, needed []string) error {
	var missing []string
	for _, privilege := range needed {
		if slices.Contains(a.Missing, privilege) {
			missing = append(missing, privilege)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("the role %s lacks the privilege %s: GRANT %s ON %s TO %s",
		a.Role, strings.Join(missing, " and "), strings.Join(needed, ", "), name, quote(a.Role))
}

func privileges(m collection.WriteMode) []string {
	switch m {
	case collection.Insert:
		return []string{"SELECT", "INSERT"}
	case collection.Update:
		return []string{"SELECT", "UPDATE"}
	case collection.Delete:
		return []string{"SELECT", "DELETE"}
	case collection.Replace, collection.Merge:
	}
	return []string{"SELECT", "INSERT", "UPDATE"}
}

// keyReason returns a reason that concerns the key as a whole.
func (t *Table) keyReason(code, message string) operation.Reason {
	r := operation.Reason{Code: code}
	names := make([]string, t.keyLength)
	for i := range names {
		names[i] = t.columns[i].name
	}
	if len(names) == 1 {
		r.Pointer = pointer(names[0])
	}
	r.Message = fmt.Sprintf(message, strings.Join(names, ", "))
	return r
}
