// Command dryrun gives every object of the overlays to a real API server of Kubernetes, in a dry run, and tells what it refuses; and it
// gives it mistakes, which it must refuse.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// timeout bounds everything: servers start in some 10 s, and objects take some milliseconds each.
const timeout = 5 * time.Minute

// overlays are what is installed; the base is part of both.
var overlays = []string{"dev", "prod"}

func main() {
	programs := flag.String("programs", ".bin/k8s", "folder of etcd and kube-apiserver")
	manifests := flag.String("manifests", ".bin/k8s/manifests", "folder of the rendered overlays")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	err := run(ctx, *programs, *manifests, os.Stdout)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "dryrun:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, programs, manifests string, out io.Writer) (err error) {
	servers, err := start(ctx, programs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, servers.stop()) }()
	cluster, err := connect(ctx, servers)
	if err != nil {
		return err
	}
	said(out, "Kubernetes %s answers at %s\n", cluster.version, servers.address)
	definitions, err := load(filepath.Join(manifests, "definitions.yaml"))
	if err != nil {
		return err
	}
	if err := cluster.define(ctx, definitions); err != nil {
		return err
	}
	var refused error
	for _, overlay := range overlays {
		objects, err := load(filepath.Join(manifests, overlay+".yaml"))
		if err != nil {
			return err
		}
		refused = errors.Join(refused, cluster.offer(ctx, out, overlay, objects))
		if overlay == "prod" {
			refused = errors.Join(refused, cluster.offerMistakes(ctx, out, objects))
		}
	}
	return refused
}

func said(out io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) }
