package google_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

// Clients of the family parse JSON with protojson, which fails if it can't resolve the type of an
// Any.
func TestProtojsonResolvesEveryAny(t *testing.T) {
	t.Parallel()
	type message struct {
		Metadata, Response json.RawMessage
		Error              struct{ Details []json.RawMessage }
	}
	count := 0
	for _, state := range operation.States()[1:] {
		got := edgetest.Decode[message](t, newFake(state).send(t, http.MethodGet, path))
		for _, raw := range append(got.Error.Details, got.Metadata, got.Response) {
			if raw == nil {
				continue
			}
			count++
			var wrapper anypb.Any
			if err := protojson.Unmarshal(raw, &wrapper); err != nil {
				t.Errorf("%s: protojson.Unmarshal(%s): %v", state, raw, err)
				continue
			}
			var value structpb.Struct
			if err := wrapper.UnmarshalTo(&value); err != nil {
				t.Errorf("%s: UnmarshalTo of %s: %v", state, raw, err)
			}
			if len(value.GetFields()) == 0 {
				t.Errorf("%s: %s has no fields", state, raw)
			}
		}
	}
	if want := 10; count != want { // six metadata, one response, three details
		t.Errorf("checked %d messages, want %d", count, want)
	}
}
