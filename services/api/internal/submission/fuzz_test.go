package submission_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// FuzzPolicyRead reads headers. Accepted values are within their bounds, and an id that was accepted
// is written in a form that every other library reads.
func FuzzPolicyRead(f *testing.F) {
	f.Add("01a201ca-08ae-76bd-94da-dcd44d595976", "team=data, batch=7", "7d", "respond-async, wait=10")
	f.Add("{01a201ca-08ae-76bd-94da-dcd44d595976}", "a=b,a=c", "999999999d", `wait="5"`)
	f.Add("x01a201ca-08ae-76bd-94da-dcd44d595976y", "", "", "")
	f.Add("", "a/b.c=\xff", "", "")
	f.Add("", "", "-1", "wait=99999999999999999999")
	f.Add("URN:UUID:01a201ca-08ae-76bd-94da-dcd44d595976", "=", "36h", "WAIT = 3;x=y")
	limits := submission.RetentionRange{Default: time.Hour, Min: time.Minute, Max: 720 * time.Hour}
	policy := submission.Policy{MaxWait: time.Minute, Retention: map[operation.Kind]submission.RetentionRange{operation.Import: limits}}
	f.Fuzz(func(t *testing.T, id, labels, retention, prefer string) {
		request := &http.Request{Header: http.Header{
			"Operation-Id": {id}, "Longshore-Labels": {labels}, "Longshore-Retention": {retention}, "Prefer": {prefer},
		}}
		if labels == "" {
			request.Header.Del("Longshore-Labels")
		}
		got, err := policy.Read(request, operation.Import)
		if err != nil {
			if !fault.Is(err, fault.Malformed) {
				t.Errorf("Read() = %v, want a fault of kind Malformed", err)
			}
			return
		}
		if id != "" && uuid.Validate(id) != nil {
			t.Errorf("Operation-Id %q was read as %s, want an error", id, got.ID)
		}
		if got.Retention < limits.Min || got.Retention > limits.Max || got.Wait < 0 || got.Wait > policy.MaxWait {
			t.Errorf("Read() = %+v, want values within the bounds", got)
		}
		checkLabels(t, labels, got.Labels)
	})
}

// checkLabels requires a label for each pair of the header, with the bytes that were sent.
func checkLabels(t *testing.T, header string, labels map[string]string) {
	t.Helper()
	if want := strings.Count(header, ",") + 1; header != "" && len(labels) != want {
		t.Errorf("labels of %q = %v, want %d", header, labels, want)
	}
	for name, value := range labels {
		if !utf8.ValidString(value) || strings.ContainsRune(value, 0) || !strings.Contains(header, name+"="+value) {
			t.Errorf("label %q = %q of the header %q, want the text that was sent", name, value, header)
		}
	}
}
