package report

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// File describes the file of a finished report. It is the result of the operation.
type File struct {
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	// Size is in bytes.
	Size int64 `json:"size"`
	// SHA256 is the digest of the file in lower-case hexadecimal digits.
	SHA256 string `json:"sha256"`
	// Records is the number of records of an export; nil for other reports.
	Records *int64 `json:"records,omitzero"`
	// CutCells is the number of texts that were too long for a cell of a worksheet and were truncated.
	// Such a cell ends with a note.
	CutCells int64 `json:"cut_cells,omitzero"`
}

// ParseFile parses an operation's result; nil if it is empty.
func ParseFile(result json.RawMessage) (*File, error) {
	if len(result) == 0 {
		return nil, nil //nolint:nilnil // an unfinished report has no file, which is no error
	}
	var file File
	if err := json.Unmarshal(result, &file); err != nil {
		return nil, fmt.Errorf("parsing a report's result: %w", err)
	}
	return &file, nil
}

// FileName returns the name of the file of the operation with the number, such as report-555.pdf
// (seed 004).
func FileName(number int64, f Format) string {
	return "report-" + strconv.FormatInt(number, 10) + "." + string(f)
}

var fileName = regexp.MustCompile(`^report-([1-9]\d{0,17})\.([a-z]+)$`)

// ParseFileName is the inverse of FileName.
func ParseFileName(name string) (number int64, f Format, ok bool) {
	match := fileName.FindStringSubmatch(name)
	if len(match) == 0 || !slices.Contains(Formats(), Format(match[2])) {
		return 0, "", false
	}
	number, err := strconv.ParseInt(match[1], 10, 64)
	return number, Format(match[2]), err == nil
}
