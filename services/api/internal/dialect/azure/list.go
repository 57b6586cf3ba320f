package azure

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// The sizes of a page.
const (
	defaultPageSize = 50
	maxPageSize     = 1000
)

// page is a page of a list in the form of Azure's guidelines (azure/Guidelines.md, Collections).
type page struct {
	Value []status `json:"value"`
	// NextLink is absolute, and absent on the last page.
	NextLink string `json:"nextLink,omitempty"`
}

// list responds with a page of operations, the latest first.
func (d *Dialect) list(c *gin.Context) error {
	query := c.Request.URL.Query()
	filter, err := readFilter(query)
	if err != nil {
		return err
	}
	found, err := d.Monitor.Page(c.Request.Context(), filter, query.Get("cursor"))
	if err != nil {
		return err
	}
	response := page{Value: make([]status, len(found.Operations))}
	for i, op := range found.Operations {
		response.Value[i] = d.newStatus(c, op)
	}
	if found.Next != "" {
		query.Set("cursor", found.Next)
		response.NextLink = d.Addresses.Absolute(c.Request, "/operations?"+query.Encode())
	}
	c.Header("Cache-Control", "no-store")
	c.PureJSON(http.StatusOK, response)
	return nil
}
