package store

import (
	"context"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
)

// RejectionsPageBytes is pageBytes, for the tests of pages.
const RejectionsPageBytes = pageBytes

// RejectionsAfter reads one page of rejections.
func (s *Store) RejectionsAfter(ctx context.Context, id uuid.UUID, row int) ([]operation.Rejection, error) {
	return s.rejectionsAfter(ctx, id, row, rejectionsPage)
}

// ListExamining is List with another maximum of examined operations.
func (s *Store) ListExamining(ctx context.Context, f Filter, examined int) (Listing, error) {
	return s.list(ctx, f, examined)
}

// WaitingSeals returns how many uploads of a tenant wait to be sealed together.
func (s *Store) WaitingSeals(tenant string) int { return s.seals.Waiting(tenant) }
