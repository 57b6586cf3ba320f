package operation

import (
	"fmt"

	"github.com/google/uuid"
)

// ParseID parses the id of an operation in any form of a UUID: 36 characters with hyphens, 32 without,
// in braces, or with the prefix urn:uuid:. Unlike uuid.Parse it rejects other characters in place of
// the braces.
func ParseID(text string) (uuid.UUID, error) {
	if err := uuid.Validate(text); err != nil {
		return uuid.Nil, fmt.Errorf("parsing the id of an operation: %w", err)
	}
	return uuid.Parse(text)
}
