package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

const (
	// token authenticates an administrator. The server listens on loopback only, while this program
	// runs.
	token = "dryrun"
	// keyBits is the minimum size of the key that signs tokens. It is required and not used here.
	keyBits = 2048
	// stopTimeout is the time between SIGTERM and SIGKILL.
	stopTimeout = 20 * time.Second
)

// servers are an etcd and an API server on free ports of this machine, with a temporary folder.
type servers struct {
	address string
	folder  string
	running []*server
}

// server is a process and its output.
type server struct {
	command *exec.Cmd
	output  bytes.Buffer
}

// start starts both. The API server answers after some seconds.
func start(ctx context.Context, programs string) (*servers, error) {
	folder, err := os.MkdirTemp("", "longshore-k8s-")
	if err != nil {
		return nil, fmt.Errorf("creating a folder for the servers: %w", err)
	}
	s := &servers{folder: folder}
	if err := s.startIn(ctx, programs); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *servers) startIn(ctx context.Context, programs string) error {
	ports, err := freePorts(ctx, 3)
	if err != nil {
		return err
	}
	clients, peers := "http://127.0.0.1:"+ports[0], "http://127.0.0.1:"+ports[1]
	s.address = "https://127.0.0.1:" + ports[2]
	if err := s.run(ctx, filepath.Join(programs, "etcd"),
		"--data-dir="+filepath.Join(s.folder, "etcd"), "--unsafe-no-fsync", "--log-level=error",
		"--listen-client-urls="+clients, "--advertise-client-urls="+clients,
		"--listen-peer-urls="+peers, "--initial-advertise-peer-urls="+peers, "--initial-cluster=default="+peers,
	); err != nil {
		return err
	}
	key, tokens := filepath.Join(s.folder, "key.pem"), filepath.Join(s.folder, "tokens.csv")
	if err := errors.Join(writeKey(key), os.WriteFile(tokens, []byte(token+`,admin,admin,"system:masters"`+"\n"), 0o600)); err != nil {
		return fmt.Errorf("writing the key and the token of the API server: %w", err)
	}
	return s.run(ctx, filepath.Join(programs, "kube-apiserver"),
		"--etcd-servers="+clients, "--bind-address=127.0.0.1", "--secure-port="+ports[2], "--cert-dir="+filepath.Join(s.folder, "certificates"),
		"--service-account-issuer=https://longshore.invalid", "--service-account-key-file="+key, "--service-account-signing-key-file="+key,
		"--token-auth-file="+tokens, "--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24", "--endpoint-reconciler-type=none",
		"--disable-admission-plugins=ServiceAccount", // no controller creates the tokens that it would mount
	)
}

func (s *servers) run(ctx context.Context, program string, arguments ...string) error {
	path, err := filepath.Abs(program)
	if err != nil {
		return fmt.Errorf("finding %s: %w", program, err)
	}
	started := &server{command: exec.CommandContext(ctx, path, arguments...)}
	started.command.Dir = s.folder
	started.command.Stdout, started.command.Stderr = &started.output, &started.output
	started.command.Cancel = func() error { return started.command.Process.Signal(syscall.SIGTERM) }
	started.command.WaitDelay = stopTimeout
	if err := started.command.Start(); err != nil {
		return fmt.Errorf("starting %s (make k8s-check builds it): %w", program, err)
	}
	s.running = append(s.running, started)
	return nil
}

// stop stops the servers, the last one first, and deletes their folder.
func (s *servers) stop() error {
	for _, process := range slices.Backward(s.running) {
		_ = process.command.Process.Signal(syscall.SIGTERM) // it may have exited
		killer := time.AfterFunc(stopTimeout, func() { _ = process.command.Process.Kill() })
		_ = process.command.Wait() // its exit status is not relevant
		killer.Stop()
	}
	if err := os.RemoveAll(s.folder); err != nil {
		return fmt.Errorf("deleting the folder of the servers: %w", err)
	}
	return nil
}

func writeKey(path string) error {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return fmt.Errorf("generating a key: %w", err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return os.WriteFile(path, block, 0o600)
}

// freePorts returns ports of this machine that are free at the moment.
func freePorts(ctx context.Context, n int) ([]string, error) {
	var ports []string
	var listen net.ListenConfig
	for range n {
		listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("finding a free port: %w", err)
		}
		defer func() { _ = listener.Close() }() //nolint:gocritic // all stay open until all are found
		_, port, err := net.SplitHostPort(listener.Addr().String())
		if err != nil {
			return nil, fmt.Errorf("finding a free port: %w", err)
		}
		ports = append(ports, port)
	}
	return ports, nil
}
