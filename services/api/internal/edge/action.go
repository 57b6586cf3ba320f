package edge

import (
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Action splits the last segment of an address such as /operations/7:cancel into the resource name
// and the action (Azure's REST guidelines and AIP-136). It returns a fault of kind NotFound, which
// lists the known actions, if the segment ends with none of them.
func Action(segment string, known ...string) (name, action string, err error) {
	colon := strings.LastIndexByte(segment, ':')
	if colon >= 0 && slices.Contains(known, segment[colon+1:]) {
		return segment[:colon], segment[colon+1:], nil
	}
	return "", "", fault.New(fault.NotFound, "no-such-action",
		"POST needs an action at the end of the address. There is :%s.", strings.Join(known, ", :")).With("actions", known)
}
