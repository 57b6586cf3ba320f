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

// connection is one that takes a deadline.
type connection struct{ *httptest.ResponseRecorder }

func (connection) SetReadDeadline(time.Time) error { return nil }

// A form that is optional is not looked at closely if it is not there.
func TestAFormIsSmallAndPlainJSON(t *testing.T) {
	t.Parallel()
	engine := gin.New()
	large := strings.Repeat(" ", 256<<10) + "x"
	for name, tt := range map[string]struct {
		optional     bool
		body         string
		media        string
		coding       string
		fault, words string
	}{
		"JSON":                   {body: "{}", media: "application/json; charset=utf-8"},
		"a kind of JSON":         {body: "{}", media: "application/merge-patch+json", coding: "Identity"},
		"says nothing":           {body: "{}"},
		"nothing":                {},
		"another type":           {body: "{}", media: "text/plain", fault: "unsupported-media-type", words: "A wish is sent as application/json."},
		"no type at all":         {body: "", media: ";", fault: "unsupported-media-type"},
		"packed":                 {body: "{}", coding: "gzip", fault: "unsupported-content-encoding", words: "A wish is sent without a content coding."},
		"as large as it may be":  {body: large[1:]},
		"too large":              {body: large, fault: "wish-too-large", words: "The wish has at most 262144 bytes."},
		"too large, and no JSON": {body: large, media: "text/plain", fault: "unsupported-media-type"},

		"optional: nothing":                {optional: true, media: "text/plain", coding: "gzip"},
		"optional: another type":           {optional: true, body: "{}", media: "text/plain", fault: "unsupported-media-type", words: "A wish is sent as application/json, or without a body."},
		"optional: too large, and no JSON": {optional: true, body: large, media: "text/plain", fault: "wish-too-large"},
	} {
		c := gin.CreateTestContextOnly(connection{httptest.NewRecorder()}, engine)
		c.Request = httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(tt.body))
		c.Request.Header.Set("Content-Type", tt.media)
		c.Request.Header.Set("Content-Encoding", tt.coding)
		form := submission.Form{Subject: "A wish", SizeSubject: "The wish", TooLargeCode: "wish-too-large", Optional: tt.optional}
		body, err := form.Read(c, minrate.Limit{Grace: time.Minute, MinRate: 1})
		if tt.fault == "" {
			if err != nil || string(body) != tt.body {
				t.Errorf("%s: %q, %v", name, body, err)
			}
			continue
		}
		if got := fault.Of(err); got.Code != tt.fault || tt.words != "" && got.Message != tt.words {
			t.Errorf("%s: %v", name, got)
		}
		if accepts := c.Writer.Header().Get("Accept-Encoding"); (accepts == "identity") != (tt.fault == "unsupported-content-encoding") {
			t.Errorf("%s: Accept-Encoding: %s", name, accepts)
		}
	}
}
