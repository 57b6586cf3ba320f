// Package bundle makes a container image of one program: a single static file in an empty image, run by nobody.
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
	// program is where the program lies in the image, as in deploy/docker/Dockerfile.
	program = "longshore"
	// nobody is who runs it.
	nobody = "65532:65532"
	// linkVersion sets the version of a service, and that of migrate, which does not import pkg.
	linkVersion = "-X github.com/longshore-io/longshore/pkg/service.linkedVersion=%[1]s -X main.linkedVersion=%[1]s"
)

// flagsOf are the flags of go build for a static program that knows neither paths nor version control nor a build id: the same sources make
// the same bytes, as in deploy/docker/Dockerfile.
func flagsOf(version string) []string {
	return []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid= " + fmt.Sprintf(linkVersion, version)}
}

// Order says what to make.
type Order struct {
	// Root is the repository's folder, Source the program's package in it.
	Root, Source string
	Arch         string
	// Version is what the program says of itself.
	Version string
	// Name is the image's name with its tag.
	Name string
	// File is what `docker load` takes.
	File string
}

// Make builds the program and writes its image; it returns the image's digest.
func Make(ctx context.Context, o Order) (string, error) {
	binary, err := build(ctx, o)
	if err != nil {
		return "", err
	}
	image, err := wrap(binary, o.Arch)
	if err != nil {
		return "", err
	}
	tag, err := name.NewTag(o.Name)
	if err != nil {
		return "", fmt.Errorf("naming the image: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(o.File), 0o755); err != nil { //nolint:gosec // images are for everyone
		return "", fmt.Errorf("making a folder: %w", err)
	}
	if err := tarball.WriteToFile(o.File, tag, image); err != nil {
		return "", fmt.Errorf("writing the image: %w", err)
	}
	digest, err := image.Digest()
	return digest.String(), err
}

// build makes the program.
func build(ctx context.Context, o Order) (binary []byte, err error) {
	folder, err := os.MkdirTemp("", "longshore-image-")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	file := filepath.Join(folder, program)
	args := append([]string{"build"}, flagsOf(o.Version)...)
	command := exec.CommandContext(ctx, "go", append(args, "-o", file, o.Source)...)
	command.Dir = o.Root
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+o.Arch)
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("building %s: %w", o.Source, err)
	}
	return os.ReadFile(file)
}

// wrap puts the program into an empty image.
func wrap(binary []byte, arch string) (v1.Image, error) {
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return layerOf(binary) })
	if err != nil {
		return nil, fmt.Errorf("making the layer: %w", err)
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
	file.Config.User = nobody
	file.Config.Entrypoint = []string{"/" + program}
	return mutate.ConfigFile(image, file)
}

// layerOf is an archive with one file, of no time and nobody.
func layerOf(binary []byte) (io.ReadCloser, error) {
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
