package reports

import (
	"net/http"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/pkg/web"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
)

// status is the status document of seed 004: an unfinished report has exactly the printed member, a
// finished one the two printed ones, then Longshore's own.
type status struct {
	Status string `json:"status"`
	// DownloadLink is a path of this api, as printed, behind the prefix of a proxy if there is one.
	DownloadLink string `json:"download_link,omitzero"`

	MediaType string `json:"media_type,omitzero"`
	// Size is in bytes, and SHA256 in hexadecimal digits.
	Size   int64  `json:"size,omitzero"`
	SHA256 string `json:"sha256,omitzero"`
	// Records is the number of records in an export, and CutCells the number of texts that were cut
	// because they did not fit a cell.
	Records  *int64 `json:"records,omitzero"`
	CutCells int64  `json:"cut_cells,omitzero"`
	// ExpiresAt is when the file is deleted.
	ExpiresAt time.Time          `json:"expires_at,omitzero"`
	Error     *operation.Failure `json:"error,omitzero"`
}

// acceptedDocument is the response to a new report.
type acceptedDocument struct {
	status
	// ID is the operation's, which all other dialects use.
	ID     string `json:"id"`
	Number int64  `json:"number"`
}

func newStatus(r *http.Request, op *operation.Operation) (status, error) {
	document := status{Status: Word(op.State), Error: dialect.FailureOf(op)}
	if op.State != operation.Succeeded {
		return document, nil
	}
	file, err := report.ParseFile(op.Result)
	if err != nil || file == nil {
		return document, err
	}
	document.DownloadLink = web.Path(r, dialect.FilePath(file))
	document.MediaType, document.Size, document.SHA256 = file.MediaType, file.Size, file.SHA256
	document.Records, document.CutCells = file.Records, file.CutCells
	document.ExpiresAt = op.ExpiresAt
	return document, nil
}
