package document

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Funcs(template.FuncMap{"formatTime": FormatTime}).Parse(pageSource))

// writeHTML writes a self-contained page. The template escapes client data.
func writeHTML(out io.Writer, d Document) error {
	if err := page.Execute(out, d); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}
