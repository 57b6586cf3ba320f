package operation

import (
	"crypto/sha256"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
)

// derivedVersion is the version of ids that are derived from others: "custom" in RFC 9562.
const derivedVersion = 8

// IDIn returns the internal id of a tenant's operation with a public id. In the default tenant it is
// the public id itself. In another it is a hash of both, so that two tenants may choose the same public
// id, and a public id leads to no operation of another tenant. It keeps the first 48 bits, the time of a
// UUIDv7, so that the rows of new operations are neighbours in an index.
func IDIn(tenant string, public uuid.UUID) uuid.UUID {
	if tenant == access.DefaultTenant {
		return public
	}
	const timeBytes = 6
	sum := sha256.Sum256(append(public[:], tenant...))
	var id uuid.UUID
	copy(id[:timeBytes], public[:])
	copy(id[timeBytes:], sum[:])
	id[6] = id[6]&0x0f | derivedVersion<<4
	id[8] = id[8]&0x3f | 0x80 // the variant of RFC 9562
	return id
}

// ShownID returns the id by which clients know the operation.
func (op *Operation) ShownID() uuid.UUID {
	if op.PublicID != uuid.Nil {
		return op.PublicID
	}
	return op.ID
}

// ShownNumber returns the number by which clients know the operation.
func (op *Operation) ShownNumber() int64 {
	if op.PublicNumber != 0 {
		return op.PublicNumber
	}
	return op.Number
}
