package operation

// Outcome is the result of one record.
type Outcome byte

// The outcomes of a record.
const (
	// Unprocessed: no worker has committed the record's chunk.
	Unprocessed Outcome = iota
	// Created: the record's key was new.
	Created
	// Updated: the record replaced an existing record with the same key.
	Updated
	// Superseded: the record is valid, but a later record with the same key replaced it.
	Superseded
	// Rejected: the record failed; its reasons are stored.
	Rejected
)

// outcomeNames are the values of the parameter outcome of GET /operations/{id}/records.
var outcomeNames = [...]string{"unprocessed", "created", "updated", "superseded", "failed"}

// String returns the name of the outcome in requests and answers.
func (o Outcome) String() string {
	if int(o) >= len(outcomeNames) {
		return "unknown"
	}
	return outcomeNames[o]
}

// ParseOutcome is the inverse of String.
func ParseOutcome(text string) (Outcome, bool) {
	for i, name := range outcomeNames {
		if name == text {
			return Outcome(i), true
		}
	}
	return 0, false
}

// OutcomeNames returns the names that ParseOutcome accepts.
func OutcomeNames() []string { return outcomeNames[:] }

// Count adds n records with the outcome o.
func (c *Counts) Count(o Outcome, n int) {
	switch o {
	case Created:
		c.Created += n
	case Updated:
		c.Updated += n
	case Superseded:
		c.Superseded += n
	case Rejected:
		c.Failed += n
	case Unprocessed:
	}
}
