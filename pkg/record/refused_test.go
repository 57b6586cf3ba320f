package record_test

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/record"
)

func TestRefused(t *testing.T) {
	t.Parallel()
	reason := operation.Reason{Pointer: "/a", Code: record.TooManyCells, Message: `has "2" cells`}
	received, got, ok := record.Refused(record.AppendRefused(nil, []byte("[\"x\xff\"]"), reason))
	if string(received) != "[\"x\xff\"]" || got != reason || !ok {
		t.Errorf("Refused() = %q, %+v, %v, want what AppendRefused was given", received, got, ok)
	}
	for _, raw := range []string{
		`{}`, `[]`, `["longshore:refused"]`, `["longshore:refused",{"code":"too-many-cells"}]`, `["longshore:refused",{"code":"mine"},[]]`,
		`["longshore:refused",{"code":"too-many-cells"},[],[]]`, `["longshore:refused",{"code":"too-many-cells"},[`,
	} {
		t.Run(raw, func(t *testing.T) {
			t.Parallel()
			if _, _, ok := record.Refused([]byte(raw)); ok {
				t.Error("Refused() = true, want false")
			}
		})
	}
}
