package submission_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// connection is a recorder that accepts read deadlines.
type connection struct{ *httptest.ResponseRecorder }

func (connection) SetReadDeadline(time.Time) error { return nil }

func TestFormRead(t *testing.T) {
	t.Parallel()
	engine := gin.New()
	large := strings.Repeat(" ", 256<<10) + "x"
	for name, tt := range map[string]struct {
		optional      bool
		body          string
		media         string
		coding        string
		code, message string
	}{
		"JSON":                   {body: "{}", media: "application/json; charset=utf-8"},
		"JSON suffix":            {body: "{}", media: "application/merge-patch+json", coding: "Identity"},
		"no media type":          {body: "{}", code: "unsupported-media-type", message: "A search is sent with Content-Type: application/json."},
		"empty":                  {media: "application/json"},
		"another type":           {body: "{}", media: "text/plain", code: "unsupported-media-type", message: "A search is sent with Content-Type: application/json."},
		"invalid type":           {body: "", media: ";", code: "unsupported-media-type"},
		"gzip":                   {body: "{}", media: "application/json", coding: "gzip", code: "unsupported-content-encoding", message: "A search is sent without a content coding."},
		"maximum size":           {body: large[1:], media: "application/json"},
		"too large":              {body: large, media: "application/json", code: "search-too-large", message: "The search has at most 262144 bytes."},
		"too large, and no JSON": {body: large, media: "text/plain", code: "unsupported-media-type"},

		"optional: empty":                  {optional: true, media: "text/plain", coding: "gzip"},
		"optional: no media type":          {optional: true, body: "{}", code: "unsupported-media-type"},
		"optional: another type":           {optional: true, body: "{}", media: "text/plain", code: "unsupported-media-type", message: "A search is sent with Content-Type: application/json, or without a body."},
		"optional: too large, and no JSON": {optional: true, body: large, media: "text/plain", code: "search-too-large"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := gin.CreateTestContextOnly(connection{httptest.NewRecorder()}, engine)
			c.Request = httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(tt.body))
			c.Request.Header.Set("Content-Type", tt.media)
			c.Request.Header.Set("Content-Encoding", tt.coding)
			form := submission.Form{Subject: "A search", SizeSubject: "The search", TooLargeCode: "search-too-large", Optional: tt.optional}
			body, err := form.Read(c, minrate.Limit{Grace: time.Minute, MinRate: 1})
			if tt.code == "" {
				if err != nil || string(body) != tt.body {
					t.Errorf("Read() = %.100q, %v, want %.100q", body, err, tt.body)
				}
				return
			}
			if got := fault.Of(err); got.Code != tt.code || tt.message != "" && got.Message != tt.message {
				t.Errorf("Read() = %v, want code %s and message %q", got, tt.code, tt.message)
			}
			if got := c.Writer.Header().Get("Accept-Encoding"); (got == "identity") != (tt.code == "unsupported-content-encoding") {
				t.Errorf("Accept-Encoding = %q, want it only for a content coding", got)
			}
		})
	}
}
