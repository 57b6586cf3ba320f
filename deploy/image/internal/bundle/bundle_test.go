package bundle_test

import (
	"archive/tar"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/longshore-io/longshore/deploy/image/internal/bundle"
)

// buildImage builds the image of migrate, the smallest program.
func buildImage(t *testing.T) (image v1.Image, digest string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "images", "migrate.tar")
	digest, err := bundle.Build(t.Context(), bundle.Options{
		Root: "../../../..", Source: "./migrations/cmd/migrate", Arch: runtime.GOARCH, Name: "longshore/migrate:test", File: file,
	})
	if err != nil {
		t.Fatal(err)
	}
	image, err = tarball.ImageFromPath(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return image, digest
}

func TestBuild(t *testing.T) {
	t.Parallel()
	image, digest := buildImage(t)
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Config.User != "65532:65532" || config.OS != "linux" || config.Architecture != runtime.GOARCH {
		t.Errorf("configuration = user %q, %s/%s, want 65532:65532, linux/%s", config.Config.User, config.OS, config.Architecture, runtime.GOARCH)
	}
	if diff := cmp.Diff([]string{"/longshore"}, config.Config.Entrypoint); diff != "" {
		t.Errorf("entrypoint (-want +got):\n%s", diff)
	}
	output, err := isolated(t, onlyFile(t, image)).CombinedOutput()
	if err == nil || !strings.Contains(string(output), "DATABASE_URL") {
		t.Errorf("run without DATABASE_URL = %v, output %s, want an error that names it", err, output)
	}
	if _, second := buildImage(t); second != digest {
		t.Errorf("digest of a second build = %s, want %s", second, digest)
	}
}

// isolated returns a command that runs a program without the environment of the test; for root also as
// in a container: as an unprivileged user, with no other files.
func isolated(t *testing.T, program string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), program)
	if os.Geteuid() == 0 {
		command = exec.CommandContext(t.Context(), "/"+filepath.Base(program))
		command.Dir = "/"
		command.SysProcAttr = &syscall.SysProcAttr{Chroot: filepath.Dir(program), Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
	}
	command.Env = []string{"PATH=/"}
	return command
}

// onlyFile extracts the only file of the image's only layer.
func onlyFile(t *testing.T, image v1.Image) string {
	t.Helper()
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("Layers() = %d layers, %v, want 1", len(layers), err)
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(content)
	header, err := archive.Next()
	if err != nil || header.Name != "longshore" || header.Mode != 0o555 {
		t.Fatalf("first file of the layer = %+v, %v, want longshore with mode 0555", header, err)
	}
	file := filepath.Join(t.TempDir(), "longshore")
	out, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, archive); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Next(); err != io.EOF {
		t.Errorf("after the first file: %v, want EOF", err)
	}
	return file
}
