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
	// needless are the style sheets that the page fetches from another host: fonts, without which it is readable, too. And its manifest, which
	// browsers fetch without the login.
	needless = regexp.MustCompile(`<link[^>]+(?:href="https?://|rel="manifest")[^>]*>`)
	// inline are the page's own scripts.
	inline = regexp.MustCompile(`(?s)<script>(.*?)</script>`)
)

// sealed keeps the pages of the UI from asking any other host: what they fetch from elsewhere is taken out, and a content security
// policy forbids the rest. Scripts that stand in a page are allowed by their digest, so that no other can be put in.
func sealed(ui http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := &page{ResponseWriter: w}
		ui.ServeHTTP(page, r)
		page.finish()
	})
}

// page holds back an answer that is HTML until it is whole; all others go through.
type page struct {
	http.ResponseWriter
	decided, isHTML bool
	status          int
	body            bytes.Buffer
}

// WriteHeader notes the status of a page, whose headers are not complete yet.
func (p *page) WriteHeader(status int) {
	p.status = status
	if !p.html(nil) {
		p.ResponseWriter.WriteHeader(status)
	}
}

// Write collects a page.
func (p *page) Write(b []byte) (int, error) {
	if p.html(b) {
		return p.body.Write(b)
	}
	return p.ResponseWriter.Write(b)
}

// html decides at the first byte, as net/http would.
func (p *page) html(beginning []byte) bool {
	if !p.decided {
		kind := p.Header().Get("Content-Type")
		if kind == "" && beginning == nil {
			return false
		}
		if kind == "" {
			kind = http.DetectContentType(beginning)
		}
		p.decided, p.isHTML = true, strings.HasPrefix(kind, "text/html")
	}
	return p.isHTML
}

func (p *page) finish() {
	if !p.isHTML {
		return
	}
	text := needless.ReplaceAll(p.body.Bytes(), nil)
	h := p.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	h.Set("Content-Security-Policy", policy(text))
	if p.status != 0 {
		p.ResponseWriter.WriteHeader(p.status)
	}
	_, _ = p.ResponseWriter.Write(text) // the client is gone if this fails
}

// policy allows what the page consists of. The UI's components set styles, which needs 'unsafe-inline' for styles only.
func policy(page []byte) string {
	scripts := []string{"script-src 'self'"}
	for _, match := range inline.FindAllSubmatch(page, -1) {
		sum := sha256.Sum256(match[1])
		scripts = append(scripts, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	return strings.Join([]string{
		"default-src 'self'", strings.Join(scripts, " "), "style-src 'self' 'unsafe-inline'", "img-src 'self' data:",
		"object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
	}, "; ")
}
