// Command image builds the container images of all programs without a Docker engine, as files for
// `docker load`. The same sources and the same Go produce the same digests.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/longshore-io/longshore/deploy/image/internal/bundle"
	"github.com/longshore-io/longshore/deploy/local/programs"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1) //nolint:gocritic // stop only releases the signals
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	folder := flags.String("out", ".bin/images", "folder of the image files")
	tag := flags.String("tag", "dev", "tag of the images, and version of the programs in them")
	arch := flags.String("arch", "amd64", "amd64 or arm64")
	only := flags.String("only", "", "names of programs, separated by commas; empty: all")
	if err := flags.Parse(args); err != nil {
		return err
	}
	root, err := programs.Root()
	if err != nil {
		return err
	}
	for _, program := range programs.Programs() {
		if *only != "" && !strings.Contains(","+*only+",", ","+program.Name+",") {
			continue
		}
		name := "longshore/" + program.Name + ":" + *tag
		file := filepath.Join(*folder, program.Name+".tar")
		digest, err := bundle.Build(ctx, bundle.Options{Root: root, Source: program.Source, Arch: *arch, Version: *tag, Name: name, File: file})
		if err != nil {
			return fmt.Errorf("building %s: %w", name, err)
		}
		fmt.Fprintf(os.Stderr, "%-32s %s  %s\n", name, digest, file)
	}
	return nil
}
