package load

import "cmp"

// states are sentences about SQLSTATEs that tables raise for single records, and classes about all others of a class.
var (
	states = map[string]string{
		"21000": "a trigger or rule of the table found more rows than one for the record",
		"22000": "a value is not valid; of a range, the lower bound must not be above the upper one",
		"22007": "a text is not a date or time that the table can read: send it as in 2026-01-31T12:30:00",
		"22012": "what the table computes from the record, in a generated column, a constraint or a trigger, is a division by zero",
		"22021": "a text has characters that the encoding of the database does not have: leave them out",
		"22023": "what the table computes from the record, in a generated column, a constraint or a trigger, does not take one of its values",
		"22P02": "a text is not a value of the type that the table converts it to",
		"22P05": "a text has characters that the encoding of the database does not have: leave them out",
		"2201B": "a text is not a regular expression",
		"23001": "another row refers to the one that the record changes or deletes",
		"428C9": "the table does not let records set a column that Postgres generates",
		"54000": "a value exceeds a limit of Postgres, most often because it is too long for an index: shorten the values of indexed columns",
		"54001": "a value is nested too deep for what the table does with it",
	}
	classes = map[string]string{
		"22": "a value of the record, or what the table computes from it, is not valid",
		"23": "the record does not satisfy a constraint of the table",
		"54": "the record exceeds a limit of Postgres",
		"P0": "a trigger of the table refused the record",
	}
)

// describeState returns the message for an SQLSTATE without a reason of its own.
func describeState(code string) string {
	class := code[:min(len(code), 2)]
	return cmp.Or(states[code], classes[class], "the table refused the record") + " (SQLSTATE " + code + ")"
}
