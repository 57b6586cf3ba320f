package service

import (
	"cmp"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
)

// release is the version of a program that was built without one.
const release = "0.1.0"

// linkedVersion is set when a release is built:
// -ldflags "-X github.com/longshore-io/longshore/pkg/service.linkedVersion=1.2.3".
var linkedVersion string

// untagged is the linked version of images that are built without a tag of their own.
const untagged = "dev"

// shortCommit is the number of digits of a commit that are shown.
const shortCommit = 12

// pseudoVersion matches the end of a module version that Go has derived from a commit.
var pseudoVersion = regexp.MustCompile(`[.-]\d{14}-[0-9a-f]{12}(\+|$)`)

// versionInfo describes how a program was built. migrations/cmd/migrate prints the same.
type versionInfo struct {
	version string
	// commit, time and modified come from version control; they are empty if the program was built
	// without it.
	commit, time string
	modified     bool
}

// readVersion reads how the running program was built.
func readVersion() versionInfo {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return versionOf(linkedVersion, info)
}

// versionOf prefers the linked version to the module's version, and that to the constant.
func versionOf(linked string, info *debug.BuildInfo) versionInfo {
	if linked == untagged {
		linked = ""
	}
	module := info.Main.Version
	if module == "(devel)" || pseudoVersion.MatchString(module) {
		module = ""
	}
	v := versionInfo{version: strings.TrimPrefix(cmp.Or(linked, module, release), "v")}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			v.commit = setting.Value[:min(len(setting.Value), shortCommit)]
		case "vcs.time":
			v.time = setting.Value
		case "vcs.modified":
			v.modified = setting.Value == "true"
		}
	}
	return v
}

// String returns the version in one line, such as
// "0.1.0, commit 45854d1a2b3c (2026-11-26T16:52:00Z, modified), go1.26.0".
func (v versionInfo) String() string {
	line := v.version
	if v.commit != "" {
		line += ", commit " + v.commit + " (" + v.time
		if v.modified {
			line += ", modified"
		}
		line += ")"
	}
	return line + ", " + runtime.Version()
}
