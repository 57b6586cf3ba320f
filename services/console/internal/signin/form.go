package signin

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	_ "embed" // the page's template and style
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// formCookie is the cookie with the token that the form repeats.
	formCookie = "longshore_login"
	// formLifetime is how long the form can be sent.
	formLifetime = time.Hour
	// maxFormBytes bounds a form.
	maxFormBytes = 64 << 10
)

var (
	//go:embed login.html
	source string
	//go:embed login.css
	style string

	page = template.Must(template.New("login").Parse(source))
)

// policyOf returns the content security policy of the form: its own style, and where it leads.
func policyOf() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

// showForm shows the form of the login. It sets the cookie with the form's token.
func (h *Handler) showForm(w http.ResponseWriter, r *http.Request) {
	h.show(w, r, http.StatusOK, target(r.URL.Query().Get("return")), "")
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request, status int, returnTo, message string) {
	token := formToken(r)
	if token == "" {
		token = randomText()
	}
	setCookie(w, r, formCookie, token, time.Now().Add(formLifetime), true)
	data := map[string]any{
		"Token": token, "Return": returnTo, "Message": message, "Style": template.CSS(style), //nolint:gosec // G203: the style is our own file
	}
	if h.Issuer != nil {
		data["Issuer"] = issuerPath + "?return=" + escape(returnTo)
	}
	var body bytes.Buffer
	if err := page.Execute(&body, data); err != nil {
		http.Error(w, "Rendering the page failed.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policyOf())
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // an error means that the client has disconnected
}

// formToken returns the token of the form's cookie; empty if there is none.
func formToken(r *http.Request) string {
	cookie, err := r.Cookie(formCookie)
	if err != nil || len(cookie.Value) != len(randomText()) {
		return ""
	}
	return cookie.Value
}

// validForm reports whether the form repeats the token of its cookie.
func validForm(r *http.Request) bool {
	token := formToken(r)
	return token != "" && hmac.Equal([]byte(token), []byte(r.PostFormValue(csrfField)))
}

func randomText() string { return rand.Text() }

func escape(text string) string { return url.QueryEscape(text) }

// target returns where a login leads: a path of the console, and never another host.
func target(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}
