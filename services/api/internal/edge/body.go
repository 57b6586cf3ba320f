package edge

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/services/api/internal/digest"
)

// checkBody checks what the headers say about the body, and replaces the body by one that is compared with its digests.
func checkBody(c *gin.Context) error {
	if c.Request.Method == http.MethodPut && c.GetHeader("Content-Range") != "" { // RFC 9110, section 14.5
		return fault.New(fault.Malformed, "content-range-not-supported", "A PUT stores a whole body, and Content-Range announces a part of one. Send all of it without the header.")
	}
	body, err := digest.Check(c.Request.Header, c.Request.Body)
	if err != nil {
		c.Header("Want-Content-Digest", digest.Wanted)
		return err
	}
	c.Request.Body = body
	return nil
}
