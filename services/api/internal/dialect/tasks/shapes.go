package tasks

import (
	"encoding/xml"
	"strconv"
	"strings"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
)

// task is one task, in JSON and in XML. Names and order are GeoGig's (its manual's page on
// asynchronous tasks, and seed 002). XML has an Atom link instead of JSON's href.
type task struct {
	XMLName     xml.Name  `json:"-" xml:"task"`
	ID          int64     `json:"id" xml:"id"`
	Status      string    `json:"status" xml:"status"`
	Description string    `json:"description" xml:"description"`
	Href        string    `json:"href" xml:"-"`
	Link        link      `json:"-" xml:"atom:link"`
	Progress    *progress `json:"progress,omitempty" xml:"progress"`
	Result      *result   `json:"result,omitempty" xml:"result"`
	Error       *failure  `json:"error,omitempty" xml:"error"`
}

// wrapped is a task as JSON contains it, alone and in lists.
type wrapped struct {
	Task task `json:"task"`
}

// link is an Atom link (RFC 4287 section 4.2.7).
type link struct {
	Namespace string `xml:"xmlns:atom,attr"`
	Rel       string `xml:"rel,attr"`
	Href      string `xml:"href,attr"`
	Type      string `xml:"type,attr"`
}

func newLink(rel, href string) link {
	return link{Namespace: "http://www.w3.org/2005/Atom", Rel: rel, Href: href, Type: "application/xml"}
}

// progress is the current phase of a running task and its progress: the records of an import, the
// percentage of everything else.
type progress struct {
	Task   string `json:"task" xml:"task"`
	Amount amount `json:"amount" xml:"amount"`
}

// amount is a number that is always written with a decimal point, such as 0.0.
type amount float64

// MarshalText formats the number for XML.
func (a amount) MarshalText() ([]byte, error) {
	text := strconv.FormatFloat(float64(a), 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return []byte(text), nil
}

// MarshalJSON formats the number for JSON.
func (a amount) MarshalJSON() ([]byte, error) { return a.MarshalText() }

// failure is why a task failed. It has a code where GeoGig has a stack trace.
type failure struct {
	Message string `json:"message" xml:"message"`
	Code    string `json:"code" xml:"code"`
}

func newTask(op *operation.Operation, absolute func(path string) string) task {
	t := task{
		ID:          op.ShownNumber(),
		Status:      Word(op.State),
		Description: describe(op),
		Href:        absolute(Path(op) + ".json"),
		Link:        newLink("alternate", absolute(Path(op)+".xml")),
	}
	switch t.Status {
	case "RUNNING":
		t.Progress = &progress{Task: phase(op), Amount: progressOf(op)}
	case "FINISHED":
		t.Result = newResult(op, absolute)
	case "FAILED":
		cause := dialect.FailureOf(op)
		t.Error = &failure{Message: cause.Message, Code: cause.Code}
		t.Result = newCounts(op, absolute)
	case "CANCELLED":
		t.Result = newCounts(op, absolute)
	}
	return t
}

func progressOf(op *operation.Operation) amount {
	if op.Kind == operation.Import {
		return amount(op.Counts.Processed())
	}
	return amount(op.Percent())
}
