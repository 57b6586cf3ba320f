package edge

import (
	"context"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
)

// Collection returns the collection that the path names. It returns a fault of kind Forbidden if the
// principal may not use a collection of that name, and of kind NotFound if there is none.
func Collection(c *gin.Context, collections *collection.Catalog) (*collection.Collection, error) {
	name := c.Param("collection")
	if err := access.RequireCollection(c.Request.Context(), name); err != nil {
		return nil, err
	}
	found, ok := collections.Get(name)
	if !ok {
		return nil, collection.Unknown(name, CollectionNames(c.Request.Context(), collections.Names()))
	}
	return found, nil
}

// CollectionNames returns those of the names whose collections the principal may use.
func CollectionNames(ctx context.Context, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return access.RequireCollection(ctx, name) != nil })
}
