package operation

// Outcome is what became of one record (design section 1).
type Outcome byte

// The outcomes of a record.
const (
	// Unprocessed: no worker has committed the record's chunk.
	Unprocessed Outcome = iota
	// Created: the record's key was new.
	Created
	// Updated: the record replaced what its key held.
	Updated
	// Superseded: the record is valid, but a later row already held its key.
	Superseded
	// Rejected: the record failed, for the reasons kept beside it.
	Rejected
)

// outcomeNames are the words that GET /operations/{id}/records takes as outcome.
var outcomeNames = [...]string{"unprocessed", "created", "updated", "superseded", "failed"}

// String returns the word that clients use for the outcome.
func (o Outcome) String() string {
	if int(o) >= len(outcomeNames) {
		return "unknown"
	}
	return outcomeNames[o]
}

// ParseOutcome finds the outcome that a client's word means.
func ParseOutcome(word string) (Outcome, bool) {
	for i, name := range outcomeNames {
		if name == word {
			return Outcome(i), true
		}
	}
	return 0, false
}

// OutcomeNames lists the words that ParseOutcome takes.
func OutcomeNames() []string { return outcomeNames[:] }

// Count adds n records with outcome o.
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
