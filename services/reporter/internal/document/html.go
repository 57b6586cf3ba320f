package document

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{"moment": Moment}).Parse(pageText))

// writeHTML writes a page that stands alone: the template escapes whatever came from clients.
func writeHTML(out io.Writer, d Document) error {
	if err := page.Execute(out, d); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}
