package pgproxy

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"time"
)

// Commit matches the statement that ends a transaction successfully.
var Commit = regexp.MustCompile(`(?i)^\s*commit`)

// Moment is when a fault hits a statement.
type Moment int

// The moments of a fault.
const (
	// BeforeStatement: the server does not receive the statement.
	BeforeStatement Moment = iota
	// BeforeAnswer: the server has executed the statement, and outside of a transaction has committed
	// it. The client has not received the end of the answer.
	BeforeAnswer
)

// Action is what a fault does.
type Action int

// The actions of a fault.
const (
	// Reset ends the connection.
	Reset Action = iota
	// Silence makes the connection silent: see Proxy.Silence.
	Silence
	// Delay waits for Fault.Delay.
	Delay
	// Fail answers the statement with an error instead of forwarding it, at whatever Moment. As with an
	// error of the server, the transaction is aborted; a COMMIT rolls back.
	Fail
)

// Fault is a fault of single statements.
type Fault struct {
	// Statement matches the statement's SQL; nil matches all. Statements are hit when they are
	// executed, not when they are prepared.
	Statement *regexp.Regexp
	Moment    Moment
	Action    Action
	Delay     time.Duration
	// SQLState is the error of Fail. Fatal errors end the connection, as those of class 57P do when a
	// server stops.
	SQLState string
	Fatal    bool
	// Skip is the number of matching statements that pass before the first hit.
	Skip int
	// Times is the number of statements that the fault hits; 0 means no limit.
	Times int
	// Chance is the probability of a hit from 0 to 1, drawn from the proxy's seed and the number of the
	// connection; 0 means 1.
	Chance float64
}

func (f *Fault) hits(sql string, random *rand.Rand) bool {
	if f.Statement != nil && !f.Statement.MatchString(sql) {
		return false
	}
	return f.Chance == 0 || random.Float64() < f.Chance
}

// Injected is a fault that was added to a proxy.
type Injected struct {
	fault   Fault
	proxy   *Postgres
	skipped int
	hits    int
}

// takes reports whether the fault hits a statement, and counts it. The proxy must be locked.
func (i *Injected) takes(sql string, random *rand.Rand) bool {
	if !i.fault.hits(sql, random) {
		return false
	}
	if i.skipped < i.fault.Skip {
		i.skipped++
		return false
	}
	i.hits++
	return true
}

// Hits returns the number of statements that the fault has hit.
func (i *Injected) Hits() int {
	i.proxy.mu.Lock()
	defer i.proxy.mu.Unlock()
	return i.hits
}

// Remove ends the fault.
func (i *Injected) Remove() {
	i.proxy.mu.Lock()
	defer i.proxy.mu.Unlock()
	i.proxy.faults = slices.DeleteFunc(i.proxy.faults, func(other *Injected) bool { return other == i })
}
