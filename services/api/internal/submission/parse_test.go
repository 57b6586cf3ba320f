package submission_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

func TestPolicyReadLabels(t *testing.T) {
	t.Parallel()
	for _, lines := range [][]string{{"a=1,a=2"}, {"a=1", "a=1"}, {"a=1, b=2", "a="}} {
		t.Run(strings.Join(lines, "; "), func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
			r.Header["Longshore-Labels"] = lines
			if _, err := (submission.Policy{}).Read(r, operation.Import); !fault.Is(err, fault.Malformed) || fault.Of(err).Code != "invalid-label" {
				t.Errorf("Read() of labels %q = %v, want invalid-label", lines, err)
			}
		})
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	r.Header["Longshore-Labels"] = []string{"a=1,A=1", "b=1"}
	if got, err := (submission.Policy{}).Read(r, operation.Import); err != nil || len(got.Labels) != 3 {
		t.Errorf("Read() = labels %v, %v, want 3", got.Labels, err)
	}
}

func TestHeadersDraftHasRequestID(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	r.Header.Set("X-Request-Id", "r1")
	headers, err := (submission.Policy{}).Read(r, operation.Search)
	if err != nil {
		t.Fatal(err)
	}
	if draft, err := headers.Draft(operation.Search, &collection.Collection{Name: "tools"}, 1); err != nil || draft.RequestID != "r1" {
		t.Errorf("Draft() = %+v, %v, want request id r1", draft, err)
	}
}

func TestPolicyWait(t *testing.T) {
	t.Parallel()
	for preference, want := range map[string]time.Duration{
		"wait=5": 5 * time.Second, `respond-async, Wait="7"`: 7 * time.Second, "wait=61": time.Minute,
		"wait=99999999999": time.Minute, "wait=99999999999999999999": time.Minute,
		"wait=0": 0, "wait=-5": 0, "wait=-99999999999999999999": 0, "wait": 0, "wait=soon": 0, "": 0,
	} {
		t.Run(preference, func(t *testing.T) {
			t.Parallel()
			if got := (submission.Policy{MaxWait: time.Minute}).Wait(http.Header{"Prefer": {preference}}); got != want {
				t.Errorf("Wait(%q) = %s, want %s", preference, got, want)
			}
		})
	}
}
