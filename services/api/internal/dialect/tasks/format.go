package tasks

import (
	"encoding/xml"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// format is how an answer is written.
type format int

const (
	asJSON format = iota
	asXML
)

// suffixes are the ends of an address that choose a format, whatever Accept says.
var suffixes = map[string]format{".json": asJSON, ".xml": asXML}

// cutSuffix takes the suffix off the end of an address. Without one, Accept chooses.
func cutSuffix(name string, r *http.Request) (string, format) {
	for suffix, f := range suffixes {
		if bare, found := strings.CutSuffix(name, suffix); found {
			return bare, f
		}
	}
	return name, accepted(r.Header)
}

// accepted is XML if the client likes it better than JSON (RFC 9110 section 12.5.1), as browsers do, and JSON in every other case: also for
// who accepts everything, says nothing, or wants what there is not.
func accepted(h http.Header) format {
	ranges := parseAccept(h.Values("Accept"))
	inXML := max(quality(ranges, "application", "xml"), quality(ranges, "text", "xml"))
	if inXML > quality(ranges, "application", "json") {
		return asXML
	}
	return asJSON
}

// parseAccept reads media ranges and their weights. What can't be read is left out.
func parseAccept(lines []string) map[string]float64 {
	ranges := make(map[string]float64)
	for one := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		media, parameters, err := mime.ParseMediaType(one)
		if err != nil {
			continue
		}
		weight := 1.0
		if q, given := parameters["q"]; given {
			if weight, err = strconv.ParseFloat(q, 64); err != nil || !(weight >= 0 && weight <= 1) {
				continue
			}
		}
		ranges[media] = max(ranges[media], weight)
	}
	return ranges
}

// quality is how much a client likes a media type: the most specific range that holds it says so.
func quality(ranges map[string]float64, family, subtype string) float64 {
	for _, name := range []string{family + "/" + subtype, family + "/*", "*/*"} {
		if weight, said := ranges[name]; said {
			return weight
		}
	}
	return 0
}

// write answers with the shape for JSON, or the one for XML.
func write(c *gin.Context, f format, inJSON, inXML any) error {
	if f == asJSON {
		c.PureJSON(http.StatusOK, inJSON)
		return nil
	}
	text, err := xml.Marshal(inXML)
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, "application/xml; charset=utf-8", append([]byte(xml.Header), text...))
	return nil
}
