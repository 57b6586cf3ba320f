// Package bundle builds a container image of one program: one static binary in an empty image, which
// runs as an unprivileged user.
package bundle

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

const (
	// program is the path of the binary in the image, as in deploy/docker/Dockerfile.
	program = "longshore"
	// runAs is the user and group of the process; no user of the host has this id.
	runAs = "65532:65532"
	// linkVersion sets the version of a service, and that of migrate, which does not import pkg.
	linkVersion = "-X github.com/longshore-io/longshore/pkg/service.linkedVersion=%[1]s -X main.linkedVersion=%[1]s"
)

// buildFlags returns the flags of go build for a reproducible binary: without paths, version control
// information and build id, as in deploy/docker/Dockerfile.
func buildFlags(version string) []string {
	return []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid= " + fmt.Sprintf(linkVersion, version)}
}

// Options describes an image.
type Options struct {
	// Root is the folder of the repository, Source the program's package, relative to it.
	Root, Source string
	Arch         string
	// Version is the version that the program reports.
	Version string
	// Name is the name of the image with its tag.
	Name string
	// File is the path of the result, a file for `docker load`.
	File string
}

// Build builds the program, writes its image, and returns the image's digest.
func Build(ctx context.Context, o Options) (string, error) {
	binary, err := buildBinary(ctx, o)
	if err != nil {
		return "", err
	}
	image, err := newImage(binary, o.Arch)
	if err != nil {
		return "", err
	}
	tag, err := name.NewTag(o.Name)
	if err != nil {
		return "", fmt.Errorf("naming the image: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(o.File), 0o755); err != nil { //nolint:gosec // G301: images are not secret
		return "", fmt.Errorf("creating a folder: %w", err)
	}
	if err := tarball.WriteToFile(o.File, tag, image); err != nil {
		return "", fmt.Errorf("writing the image: %w", err)
	}
	digest, err := image.Digest()
	return digest.String(), err
}

// buildBinary builds the program.
func buildBinary(ctx context.Context, o Options) (binary []byte, err error) {
	folder, err := os.MkdirTemp("", "longshore-image-")
	if err != nil {
		return nil, fmt.Errorf("creating a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	file := filepath.Join(folder, program)
	args := append([]string{"build"}, buildFlags(o.Version)...)
	command := exec.CommandContext(ctx, "go", append(args, "-o", file, o.Source)...)
	command.Dir = o.Root
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+o.Arch)
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("building %s: %w", o.Source, err)
	}
	return os.ReadFile(file)
}

// newImage returns an image that contains only the binary.
func newImage(binary []byte, arch string) (v1.Image, error) {
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return newLayer(binary) })
	if err != nil {
		return nil, fmt.Errorf("creating the layer: %w", err)
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, fmt.Errorf("adding the layer: %w", err)
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("reading the image's configuration: %w", err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", arch
	file.Config.User = runAs
	file.Config.Entrypoint = []string{"/" + program}
	return mutate.ConfigFile(image, file)
}

// newLayer returns an archive with the binary, without a time and an owner.
func newLayer(binary []byte) (io.ReadCloser, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	header := &tar.Header{Name: program, Mode: 0o555, Size: int64(len(binary)), ModTime: time.Unix(0, 0).UTC(), Format: tar.FormatPAX}
	if err := w.WriteHeader(header); err != nil {
		return nil, fmt.Errorf("writing the layer: %w", err)
	}
	if _, err := w.Write(binary); err != nil {
		return nil, fmt.Errorf("writing the layer: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("writing the layer: %w", err)
	}
	return io.NopCloser(&archive), nil
}
