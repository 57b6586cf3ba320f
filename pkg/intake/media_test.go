package intake_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake"
)

func TestNegotiate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		contentType string
		codings     []string
		format      intake.Format
		coding      intake.Coding
	}{
		{"application/json", nil, intake.JSON, intake.Identity},
		{"Application/JSON; charset=UTF-8", []string{""}, intake.JSON, intake.Identity},
		{"application/json;charset=\"utf8\"; odata.metadata=none", []string{"identity"}, intake.JSON, intake.Identity},
		{"application/x-ndjson", []string{"gzip"}, intake.NDJSON, intake.Gzip},
		{"application/ndjson", []string{"X-GZIP"}, intake.NDJSON, intake.Gzip},
		{"application/jsonl", []string{"zstd"}, intake.NDJSON, intake.Zstd},
		{"application/jsonlines", []string{"identity, zstd"}, intake.NDJSON, intake.Zstd},
		{"text/csv", []string{"identity", "gzip"}, intake.CSV, intake.Gzip},
		{"text/csv; header=PRESENT", nil, intake.CSV, intake.Identity},
		{"text/csv; delimiter=tab", nil, intake.CSV, intake.Identity},
		{"text/tab-separated-values", nil, intake.CSV, intake.Identity},
		{"text/csv; charset=Latin1", nil, intake.CSV, intake.Identity},
		{"", nil, "", intake.Identity},
		{"text/plain", []string{"gzip"}, "", intake.Gzip},
		{"application/vnd.ms-excel", nil, "", intake.Identity},
		{"application/x-www-form-urlencoded", nil, "", intake.Identity},
	} {
		t.Run(test.contentType, func(t *testing.T) {
			t.Parallel()
			m, err := intake.Negotiate(test.contentType, test.codings, intake.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if m.Format != test.format || m.Coding != test.coding {
				t.Errorf("Negotiate() = %s, %s, want %s, %s", m.Format, m.Coding, test.format, test.coding)
			}
		})
	}
}

func TestNegotiateRejects(t *testing.T) {
	t.Parallel()
	unsupportedType := &problem{
		fault.UnsupportedMedia, "unsupported-media-type",
		map[string]any{"content_types": []string{
			"application/json", "application/x-ndjson", "text/csv", "text/tab-separated-values",
			"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		}},
	}
	unsupportedCoding := &problem{
		fault.UnsupportedMedia, "unsupported-content-encoding",
		map[string]any{"content_encodings": []string{"gzip", "zstd", "identity"}},
	}
	for _, test := range []struct {
		name, contentType string
		codings           []string
		want              *problem
	}{
		{"unreadable", "application/json; =", nil, unsupportedType},
		{"image", "image/png", nil, unsupportedType},
		{"json-suffix", "application/vnd.api+json", nil, unsupportedType},
		{"form", "multipart/form-data; boundary=x", nil, unsupportedType},
		{"charset", "application/json; charset=ebcdic", nil, unsupportedType},
		{"empty-cells", "text/csv; emptyCells=zero", nil, unsupportedType},
		{"header-row", "text/csv; headerRow=0", nil, unsupportedType},
		{"no-header-row", "text/csv; header=absent", nil, unsupportedType},
		{"delimiter", "text/csv; delimiter=x", nil, unsupportedType},
		{"encoded-twice", "text/csv", []string{"gzip, gzip"}, unsupportedCoding},
		{"encoded-twice-in-two-headers", "text/csv", []string{"gzip", "zstd"}, unsupportedCoding},
		{"brotli", "application/json", []string{"br"}, unsupportedCoding},
		{"deflate", "application/json", []string{"deflate"}, unsupportedCoding},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := intake.Negotiate(test.contentType, test.codings, intake.Options{})
			if diff := cmp.Diff(test.want, problemOf(t, err)); diff != "" {
				t.Errorf("problem (-want +got):\n%s", diff)
			}
		})
	}
}
