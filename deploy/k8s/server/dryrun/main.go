// Command dryrun applies every object of the overlays to a real API server of Kubernetes, in a dry
// run, and prints what the server rejects. It also applies objects with mistakes, which the server
// must reject.
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

// timeout is for everything: the servers start in about 10 s, and an object takes some
// milliseconds.
const timeout = 5 * time.Minute

// overlays are the installed folders. The base is part of both.
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
	printf(out, "Kubernetes %s answers at %s\n", cluster.version, servers.address)
	definitions, err := load(filepath.Join(manifests, "definitions.yaml"))
	if err != nil {
		return err
	}
	if err := cluster.define(ctx, definitions); err != nil {
		return err
	}
	var rejected error
	for _, overlay := range overlays {
		objects, err := load(filepath.Join(manifests, overlay+".yaml"))
		if err != nil {
			return err
		}
		rejected = errors.Join(rejected, cluster.apply(ctx, out, overlay, objects))
		if overlay == "prod" {
			rejected = errors.Join(rejected, cluster.applyMistakes(ctx, out, objects))
		}
	}
	return rejected
}

func printf(out io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) }
