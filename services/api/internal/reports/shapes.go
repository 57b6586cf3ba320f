package reports

import (
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
)

// status is the answer of seed 004: while a report is made it has exactly the member that is printed there, at its end the two that are
// printed, and ours after them.
type status struct {
	Status string `json:"status"`
	// DownloadLink is a path of this api, as printed.
	DownloadLink string `json:"download_link,omitzero"`

	MediaType string `json:"media_type,omitzero"`
	// Size is the file's in bytes, and SHA256 its digest in hexadecimal digits.
	Size   int64  `json:"size,omitzero"`
	SHA256 string `json:"sha256,omitzero"`
	// Records is how many records an export holds, and CutCells how many texts were too long for a cell and were cut.
	Records  *int64 `json:"records,omitzero"`
	CutCells int64  `json:"cut_cells,omitzero"`
	// ExpiresAt is until when the file is kept.
	ExpiresAt time.Time          `json:"expires_at,omitzero"`
	Error     *operation.Failure `json:"error,omitzero"`
}

// accepted is the answer to a new report.
type accepted struct {
	status
	// ID is the operation's, by which every other dialect knows it.
	ID     string `json:"id"`
	Number int64  `json:"number"`
}

func shape(op *operation.Operation) (status, error) {
	shown := status{Status: Word(op.State), Error: azure.FailureOf(op)}
	if op.State != operation.Succeeded {
		return shown, nil
	}
	file, err := report.ReadFile(op.Result)
	if err != nil || file == nil {
		return shown, err
	}
	shown.DownloadLink = FilePath(file)
	shown.MediaType, shown.Size, shown.SHA256 = file.MediaType, file.Size, file.SHA256
	shown.Records, shown.CutCells = file.Records, file.CutCells
	shown.ExpiresAt = op.ExpiresAt
	return shown, nil
}
