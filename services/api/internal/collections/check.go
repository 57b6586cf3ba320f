package collections

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/fit"
)

// report is the answer to a check.
type report struct {
	Name string `json:"name"`
	Fits bool   `json:"fits"`
	// Reasons say how to correct the table or the collection.
	Reasons []string `json:"reasons"`
}

func (h *Handler) check(c *gin.Context) error {
	name, _, err := edge.Action(c.Param("collection"), "check")
	if err != nil {
		return err
	}
	for i := range c.Params {
		if c.Params[i].Key == "collection" {
			c.Params[i].Value = name
		}
	}
	found, err := edge.Collection(c, h.Collections)
	if err != nil {
		return err
	}
	reasons, err := fit.Reasons(c.Request.Context(), h.Store, found, found.Writing.Mode)
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, report{Name: name, Fits: len(reasons) == 0, Reasons: append([]string{}, reasons...)})
	return nil
}
