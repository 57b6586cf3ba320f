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

// make makes the image of the migrations, the smallest program.
func makeImage(t *testing.T) (image v1.Image, digest string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "made", "migrate.tar")
	digest, err := bundle.Make(t.Context(), bundle.Order{
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

func TestAnImageHoldsOneProgramRunByNobody(t *testing.T) {
	t.Parallel()
	image, digest := makeImage(t)
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Config.User != "65532:65532" || config.OS != "linux" || config.Architecture != runtime.GOARCH {
		t.Errorf("it runs as %q on %s/%s", config.Config.User, config.OS, config.Architecture)
	}
	if diff := cmp.Diff([]string{"/longshore"}, config.Config.Entrypoint); diff != "" {
		t.Errorf("entrypoint (-want +got):\n%s", diff)
	}
	said, err := alone(t, onlyFile(t, image)).CombinedOutput()
	if err == nil || !strings.Contains(string(said), "DATABASE_URL") {
		t.Errorf("without an address the program ends with %v: %s", err, said)
	}
	if _, again := makeImage(t); again != digest {
		t.Errorf("made again it has the digest %s, not %s", again, digest)
	}
}

// alone runs a program without the environment of the tests; and, if root asks, as a container does: as nobody, with nothing else in sight.
func alone(t *testing.T, program string) *exec.Cmd {
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

// onlyFile takes the only file out of the image's only layer.
func onlyFile(t *testing.T, image v1.Image) string {
	t.Helper()
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(content)
	header, err := archive.Next()
	if err != nil || header.Name != "longshore" || header.Mode != 0o555 {
		t.Fatalf("the layer begins with %+v, %v", header, err)
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
		t.Errorf("there is more in the layer: %v", err)
	}
	return file
}
