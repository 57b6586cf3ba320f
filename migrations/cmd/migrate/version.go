package main

import (
	"cmp"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
)

// release is the version of a program that was built without one, as in pkg/service.
const release = "0.1.0"

// linkedVersion is set when a release is built: -ldflags "-X main.linkedVersion=1.2.3".
var linkedVersion string

// untagged is the linked version of images that are built without a tag of their own.
const untagged = "dev"

// shortCommit is the number of digits of a commit that are shown.
const shortCommit = 12

// pseudoVersion matches the end of a module version that Go has derived from a commit.
var pseudoVersion = regexp.MustCompile(`[.-]\d{14}-[0-9a-f]{12}(\+|$)`)

// version returns the version, the commit if it is known, and Go's version in one line, in the
// format of pkg/service, which migrations must not depend on.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	linked, module := linkedVersion, info.Main.Version
	if linked == untagged {
		linked = ""
	}
	if module == "(devel)" || pseudoVersion.MatchString(module) {
		module = ""
	}
	line := strings.TrimPrefix(cmp.Or(linked, module, release), "v")
	settings := make(map[string]string)
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if commit := settings["vcs.revision"]; commit != "" {
		line += ", commit " + commit[:min(len(commit), shortCommit)] + " (" + settings["vcs.time"]
		if settings["vcs.modified"] == "true" {
			line += ", modified"
		}
		line += ")"
	}
	return line + ", " + runtime.Version()
}
