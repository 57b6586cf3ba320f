package tasks

import (
	"encoding/xml"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// format is the format of a response.
type format int

const (
	asJSON format = iota
	asXML
)

// suffixes are path suffixes that select a format; they take precedence over Accept.
var suffixes = map[string]format{".json": asJSON, ".xml": asXML}

// cutSuffix removes the suffix of a path segment and returns its format. Without a suffix, Accept
// selects the format.
func cutSuffix(name string, r *http.Request) (string, format) {
	for suffix, f := range suffixes {
		if bare, found := strings.CutSuffix(name, suffix); found {
			return bare, f
		}
	}
	return name, negotiate(r.Header)
}

// negotiate returns XML if the client prefers it to JSON (RFC 9110 section 12.5.1), as browsers do,
// and JSON in every other case: also if the client accepts everything, sends no Accept, or accepts
// neither.
func negotiate(h http.Header) format {
	ranges := parseAccept(h.Values("Accept"))
	xmlQuality := max(quality(ranges, "application", "xml"), quality(ranges, "text", "xml"))
	if xmlQuality > quality(ranges, "application", "json") {
		return asXML
	}
	return asJSON
}

// parseAccept parses media ranges and their weights. It ignores malformed ones.
func parseAccept(lines []string) map[string]float64 {
	ranges := make(map[string]float64)
	for text := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		media, parameters, err := mime.ParseMediaType(text)
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

// quality returns the weight of a media type: that of the most specific range that contains it.
func quality(ranges map[string]float64, family, subtype string) float64 {
	for _, name := range []string{family + "/" + subtype, family + "/*", "*/*"} {
		if weight, ok := ranges[name]; ok {
			return weight
		}
	}
	return 0
}

// write responds with the value for JSON or the one for XML.
func write(c *gin.Context, f format, jsonValue, xmlValue any) error {
	if f == asJSON {
		c.PureJSON(http.StatusOK, jsonValue)
		return nil
	}
	text, err := xml.Marshal(xmlValue)
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, "application/xml; charset=utf-8", append([]byte(xml.Header), text...))
	return nil
}
