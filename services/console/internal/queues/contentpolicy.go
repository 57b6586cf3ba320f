package queues

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

var (
	// removedLinks matches the elements removed from a page: style sheets of other hosts, which
	// only load fonts, and the manifest, which browsers request without the login.
	removedLinks = regexp.MustCompile(`<link[^>]+(?:href="https?://|rel="manifest")[^>]*>`)
	// inlineScript matches the page's own scripts.
	inlineScript = regexp.MustCompile(`(?s)<script>(.*?)</script>`)
)

// restrictSources keeps the UI's pages from loading anything from other hosts: it removes such links and sets
// a content security policy. The policy allows the page's inline scripts by their digest, and no
// others.
func restrictSources(ui http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := &pageWriter{ResponseWriter: w}
		ui.ServeHTTP(page, r)
		page.finish()
	})
}

// pageWriter buffers a response if it is HTML, and passes all others through.
type pageWriter struct {
	http.ResponseWriter
	decided, isHTML bool
	status          int
	body            bytes.Buffer
}

// WriteHeader stores the status of a page until finish sets its headers.
func (p *pageWriter) WriteHeader(status int) {
	p.status = status
	if !p.buffers(nil) {
		p.ResponseWriter.WriteHeader(status)
	}
}

// Write buffers a page.
func (p *pageWriter) Write(b []byte) (int, error) {
	if p.buffers(b) {
		return p.body.Write(b)
	}
	return p.ResponseWriter.Write(b)
}

// buffers reports whether the response is HTML. Like net/http it decides by the header or the first
// bytes.
func (p *pageWriter) buffers(firstBytes []byte) bool {
	if !p.decided {
		contentType := p.Header().Get("Content-Type")
		if contentType == "" && firstBytes == nil {
			return false
		}
		if contentType == "" {
			contentType = http.DetectContentType(firstBytes)
		}
		p.decided, p.isHTML = true, strings.HasPrefix(contentType, "text/html")
	}
	return p.isHTML
}

// finish sends the restricted page.
func (p *pageWriter) finish() {
	if !p.isHTML {
		return
	}
	page := removedLinks.ReplaceAll(p.body.Bytes(), nil)
	h := p.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(page)))
	h.Set("Content-Security-Policy", policyOf(page))
	if p.status != 0 {
		p.ResponseWriter.WriteHeader(p.status)
	}
	_, _ = p.ResponseWriter.Write(page) // an error means that the client has disconnected
}

// policyOf returns the content security policy of a page. The UI's components set inline styles, so
// 'unsafe-inline' is needed for styles.
func policyOf(page []byte) string {
	scripts := []string{"script-src 'self'"}
	for _, match := range inlineScript.FindAllSubmatch(page, -1) {
		sum := sha256.Sum256(match[1])
		scripts = append(scripts, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	return strings.Join([]string{
		"default-src 'self'", strings.Join(scripts, " "), "style-src 'self' 'unsafe-inline'", "img-src 'self' data:",
		"object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
	}, "; ")
}
