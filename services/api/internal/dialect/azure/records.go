package azure

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// recordWriter writes records in the format that the client chose.
type recordWriter interface {
	write(line) error
	// flush writes buffered records to the connection.
	flush() error
}

// line is one record of the stream.
type line struct {
	row      int
	outcome  operation.Outcome
	received []byte
	reasons  []operation.Reason
}

const (
	// streamBytes is what a stream of records occupies while its records are small: one page of them,
	// and their encodings.
	streamBytes = 256 << 10
	// largeRecord is the size from which a record is admitted by itself, and encodings how often it is
	// in memory while it is written.
	largeRecord = 16 << 10
	encodings   = 6
)

// records streams the records with an outcome. It buffers one page and keeps no database connection
// while a client is slow.
func (d *Dialect) records(c *gin.Context) error {
	outcome, err := parseOutcome(c.DefaultQuery("outcome", operation.Rejected.String()))
	if err != nil {
		return err
	}
	csv, err := prefersCSV(c)
	if err != nil {
		return err
	}
	op, err := dialect.Find(c, d.Monitor, c.Param("id"))
	if err != nil {
		return err
	}
	if op.Kind != operation.Import {
		return fault.New(fault.NotFound, "no-records", "Only imports have records that were received. The links of the operation say what it has.")
	}
	if err := submission.RequireReader(access.Of(c.Request.Context()), d.Collections, op); err != nil {
		return err
	}
	if c.Request.Method != http.MethodHead {
		if err := admission.Of(c.Request.Context()).Download(c.Request.Context(), streamBytes); err != nil {
			return err
		}
	}
	if !csv {
		return d.stream(c, op, outcome, newNDJSONWriter(c))
	}
	out, err := d.newCSVWriter(c, op)
	if err != nil {
		return err
	}
	return d.stream(c, op, outcome, out)
}

func (d *Dialect) stream(c *gin.Context, op *operation.Operation, outcome operation.Outcome, out recordWriter) error {
	if c.Request.Method == http.MethodHead {
		return nil // the headers are set
	}
	ctx := c.Request.Context()
	var err error
	if outcome == operation.Rejected {
		err = d.Store.Rejections(ctx, op.ID, 0, func(r operation.Rejection) error {
			return write(ctx, out, line{r.Row, outcome, r.Received, r.Reasons})
		})
	} else {
		err = d.Store.Records(ctx, op.ID, outcome, func(row int, received []byte) error {
			return write(ctx, out, line{row: row, outcome: outcome, received: received})
		})
	}
	if err != nil {
		return err
	}
	return out.flush()
}

// write writes a record, and reserves memory for a large one.
func write(ctx context.Context, out recordWriter, l line) error {
	if len(l.received) > largeRecord {
		release, err := admission.Hold(ctx, int64(len(l.received))*encodings)
		if err != nil {
			return err
		}
		defer release()
	}
	return out.write(l)
}

func parseOutcome(word string) (operation.Outcome, error) {
	outcome, ok := operation.ParseOutcome(word)
	if !ok {
		return 0, fault.New(fault.Malformed, "invalid-parameter",
			"outcome must be one of %s.", strings.Join(operation.OutcomeNames(), ", ")).With("parameter", "outcome")
	}
	return outcome, nil
}

// prefersCSV reads the parameter format. Without it the Accept header decides, which a person can't
// set in a browser.
func prefersCSV(c *gin.Context) (bool, error) {
	switch c.Query("format") {
	case "csv":
		return true, nil
	case "ndjson":
		return false, nil
	case "":
		return strings.Contains(c.GetHeader("Accept"), "text/csv"), nil
	default:
		return false, fault.New(fault.Malformed, "invalid-parameter", "format must be ndjson or csv.").With("parameter", "format")
	}
}
