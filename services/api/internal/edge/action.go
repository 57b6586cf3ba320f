package edge

import (
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Action splits the last segment of an address such as /operations/7:cancel into the name of the thing and what is to be done with it
// (reference: Azure's guidelines and AIP-136). An action that is none of the known ones is a fault of kind NotFound that lists them.
func Action(segment string, known ...string) (name, action string, err error) {
	colon := strings.LastIndexByte(segment, ':')
	if colon >= 0 && slices.Contains(known, segment[colon+1:]) {
		return segment[:colon], segment[colon+1:], nil
	}
	return "", "", fault.New(fault.NotFound, "no-such-action",
		"POST needs an action at the end of the address. There is :%s.", strings.Join(known, ", :")).With("actions", known)
}
