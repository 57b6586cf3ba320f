package report

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// File is what a finished report tells of its file: the operation's result.
type File struct {
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	// Size is in bytes.
	Size int64 `json:"size"`
	// SHA256 is the digest of the file in lower-case hexadecimal digits.
	SHA256 string `json:"sha256"`
	// Records is how many records an export holds.
	Records *int64 `json:"records,omitzero"`
	// CutCells is how many texts were too long for a cell of a worksheet and were cut; such a cell says so at its end.
	CutCells int64 `json:"cut_cells,omitzero"`
}

// ReadFile reads an operation's result; nil if there is none.
func ReadFile(result json.RawMessage) (*File, error) {
	if len(result) == 0 {
		return nil, nil //nolint:nilnil // an unfinished report has no file, which is no error
	}
	var file File
	if err := json.Unmarshal(result, &file); err != nil {
		return nil, fmt.Errorf("reading a report's result: %w", err)
	}
	return &file, nil
}

// FileName is what the file of the operation with the number is called, as in seed 004: report-555.pdf.
func FileName(number int64, f Format) string {
	return "report-" + strconv.FormatInt(number, 10) + "." + string(f)
}

var fileName = regexp.MustCompile(`^report-([1-9]\d{0,17})\.([a-z]+)$`)

// ParseFileName reads what FileName writes.
func ParseFileName(name string) (number int64, f Format, ok bool) {
	match := fileName.FindStringSubmatch(name)
	if len(match) == 0 || !slices.Contains(Formats(), Format(match[2])) {
		return 0, "", false
	}
	number, err := strconv.ParseInt(match[1], 10, 64)
	return number, Format(match[2]), err == nil
}
