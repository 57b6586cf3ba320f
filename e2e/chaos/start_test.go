package chaos_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
)

// started is an operation that a client has started.
type started struct {
	ID       string `json:"id"`
	label    string
	location string // of the status monitor
	own      string // the address of its status in the dialect that started it
}

// newLabel returns the label of a request, by which the operation that it starts is found in the
// tables.
func (c *caller) newLabel() string { return strconv.FormatInt(c.labels.Add(1), 10) }

func labelled(body client.RequestBody, label, operationID string) client.RequestBody {
	header := maps.Clone(body.Header)
	if header == nil {
		header = make(http.Header)
	}
	header.Set("Longshore-Labels", "request="+label)
	if operationID != "" {
		header.Set("Operation-Id", operationID)
	}
	body.Header = header
	return body
}

// start sends a request that starts an operation, until it is accepted. With an id, the client
// repeats the request after every error. Without one it repeats it only when the answer says that
// nothing was kept, and gives up when no answer arrives. note gets the label of each attempt before
// it is sent.
func (c *caller) start(ctx context.Context, url string, body client.RequestBody, withID bool, note func(label string)) (started, bool) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	id, label := "", c.newLabel()
	if withID {
		id = uuid.NewString()
	}
	note(label)
	for begun := time.Now(); ; {
		a := c.do(ctx, http.MethodPost, url, labelled(body, label, id))
		switch {
		case a.Status >= 200 && a.Status < 300:
			c.answered(begun)
			return c.accepted(a, label)
		case a.code == "outcome-unknown" && id == "":
			if kept, known := c.lookUp(ctx, a); kept || !known {
				return started{}, false // the model finds it by its label
			}
			c.model.refuse(label, "404 at the address in outcome-unknown")
		case a.missing && id == "":
			return started{}, false
		case id == "" && a.retryable():
			c.model.refuse(label, strconv.Itoa(a.Status)+" "+a.code)
		case a.retryable(), a.code == "operation-id-receiving":
		default:
			c.violation("POST %s: %d %s", url, a.Status, a.Body)
			return started{}, false
		}
		if await.Sleep(ctx, a.pause) != nil {
			c.violation("POST %s was not accepted within %s: last %d %s", url, callLimit, a.Status, a.Body)
			return started{}, false
		}
		if id == "" {
			label = c.newLabel()
			note(label)
		}
	}
}

func (c *caller) accepted(a answer, label string) (started, bool) {
	op := started{label: label, location: a.Header.Get("Operation-Location"), own: a.Header.Get("Location")}
	if location := a.Header.Get("Operation-Location"); location == "" {
		c.violation("%d without Operation-Location: %s", a.Status, a.Body)
		return op, false
	}
	op.ID = op.location[len(op.location)-len(uuid.Nil.String()):]
	var body started
	if err := json.Unmarshal(a.Body, &body); err == nil && body.ID != "" && body.ID != op.ID {
		c.violation("the body's id is %s, Operation-Location is %s", body.ID, op.location)
	}
	c.model.accept(label, op.ID)
	return op, true
}

// lookUp asks at the address of an answer outcome-unknown whether the operation exists.
func (c *caller) lookUp(ctx context.Context, unknown answer) (exists, known bool) {
	location := unknown.Header.Get("Operation-Location")
	if location == "" {
		c.violation("outcome-unknown without Operation-Location: %s", unknown.Body)
		return false, false
	}
	a, ok := c.persist(ctx, http.MethodGet, location, client.RequestBody{})
	return a.Status == http.StatusOK, ok
}
