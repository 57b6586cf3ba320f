package intake_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"mime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake"
)

// FuzzNegotiate negotiates media types. Only the documented ones are accepted, and any other gets a
// fault that lists them.
func FuzzNegotiate(f *testing.F) {
	for _, seed := range [][2]string{
		{"application/json; charset=UTF-8", "gzip"},
		{"text/csv; header=absent", ""},
		{`text/csv;delimiter="|"`, "identity, zstd"},
		{"text/csv; delimiter=\xff", "gzip,gzip"},
		{"application/x-ndjson;;", "x-gzip"},
		{"APPLICATION/NDJSON", ",,"},
		{"application/json; charset*=utf-8''utf-8", "GZIP"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, contentType, encoding string) {
		m, err := intake.Negotiate(contentType, []string{encoding}, intake.Options{})
		if err != nil {
			if problem := fault.Of(err); problem.Kind != fault.UnsupportedMedia || problem.Details == nil {
				t.Errorf("Negotiate(%q, %q) = %v, want a fault of kind UnsupportedMedia with a list", contentType, encoding, err)
			}
			return
		}
		mediaType, _, err := mime.ParseMediaType(contentType)
		if err != nil || !strings.HasPrefix(mediaType, "application/") && mediaType != "text/csv" || m.Format == "" || m.Coding == "" {
			t.Errorf("Negotiate(%q, %q) = %+v, want an error (%v)", contentType, encoding, m, err)
		}
	})
}

// FuzzDecode decodes compressed bodies, and compares the result with that of the libraries alone.
func FuzzDecode(f *testing.F) {
	for _, content := range []string{"", "[{}]", strings.Repeat("\n", 100_000)} {
		for _, coding := range []string{"gzip", "zstd", "identity"} {
			f.Add(compressed(f, coding, content), coding)
		}
	}
	f.Add(append(compressed(f, "gzip", "a"), compressed(f, "gzip", "b")...), "gzip")
	limits := intake.Limits{Body: 64 << 10, Record: 1, Records: 1, Depth: 1, Ratio: 10}
	f.Fuzz(func(t *testing.T, body []byte, coding string) {
		decoder, err := intake.Decode(intake.NewBody(bytes.NewReader(body), limits.Body, nil), []string{coding}, limits)
		var got []byte
		if err == nil {
			got, err = io.ReadAll(decoder)
			_ = decoder.Close()
		}
		if int64(len(got)) > limits.Body {
			t.Fatalf("decoded %d bytes, want at most %d", len(got), limits.Body)
		}
		switch problem := fault.Of(err); {
		case err == nil:
			if want, wantErr := decodeWhole(body, coding, limits.Body); wantErr == nil && !bytes.Equal(got, want) {
				t.Errorf("decoded %q, want %q", got, want)
			}
		case problem.Kind != fault.Malformed && problem.Kind != fault.TooLarge && problem.Kind != fault.UnsupportedMedia:
			t.Errorf("Decode() = %v, want a fault of the client", err)
		}
	})
}

// compressed returns a text in a content coding.
func compressed(f *testing.F, coding, text string) []byte {
	f.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "zstd":
		var err error
		if w, err = zstd.NewWriter(&out); err != nil {
			f.Fatal(err)
		}
	default:
		return []byte(text)
	}
	if _, err := io.WriteString(w, text); err != nil {
		f.Fatal(err)
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	return out.Bytes()
}

var errOtherCoding = errors.New("no library is compared for this coding")

// decodeWhole decodes with the standard library.
func decodeWhole(body []byte, coding string, limit int64) ([]byte, error) {
	if coding != "gzip" {
		return nil, errOtherCoding
	}
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(reader, limit))
}
