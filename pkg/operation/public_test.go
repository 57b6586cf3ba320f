package operation_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/operation"
)

func TestIDIn(t *testing.T) {
	t.Parallel()
	public := uuid.Must(uuid.NewV7())
	if got := operation.IDIn(access.DefaultTenant, public); got != public {
		t.Errorf("IDIn(default) = %s, want %s", got, public)
	}
	a, b := operation.IDIn("a", public), operation.IDIn("b", public)
	if a == b || a == public || b == public {
		t.Errorf("IDIn() = %s and %s for two tenants, want other ids than each other and %s", a, b, public)
	}
	if a != operation.IDIn("a", public) {
		t.Error("IDIn() of the same id is not the same")
	}
	if a.Version() != 8 || a.Variant() != uuid.RFC4122 || [6]byte(a[:6]) != [6]byte(public[:6]) {
		t.Errorf("IDIn() = %s, want version 8 with the time of %s", a, public)
	}
}
