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
	// token is whom the server takes for an administrator. It listens on this machine only, for as long as this program runs.
	token = "dryrun"
	// keyBits is the least that the server takes for signing tokens, which nobody asks for here.
	keyBits = 2048
	// stopWait is how long a server may take to end before it is killed.
	stopWait = 20 * time.Second
)

// servers are an etcd and an API server on free ports of this machine, with a folder of their own.
type servers struct {
	address string
	folder  string
	running []*server
}

// server is a process and the end of what it has said.
type server struct {
	command *exec.Cmd
	output  bytes.Buffer
}

// start starts both; the API server may take some seconds until it answers.
func start(ctx context.Context, programs string) (*servers, error) {
	folder, err := os.MkdirTemp("", "longshore-k8s-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the servers: %w", err)
	}
	s := &servers{folder: folder}
	if err := s.begin(ctx, programs); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *servers) begin(ctx context.Context, programs string) error {
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
		return fmt.Errorf("writing what the API server needs: %w", err)
	}
	return s.run(ctx, filepath.Join(programs, "kube-apiserver"),
		"--etcd-servers="+clients, "--bind-address=127.0.0.1", "--secure-port="+ports[2], "--cert-dir="+filepath.Join(s.folder, "certificates"),
		"--service-account-issuer=https://longshore.invalid", "--service-account-key-file="+key, "--service-account-signing-key-file="+key,
		"--token-auth-file="+tokens, "--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24", "--endpoint-reconciler-type=none",
		"--disable-admission-plugins=ServiceAccount", // nobody makes the tokens that it would mount
	)
}

func (s *servers) run(ctx context.Context, program string, arguments ...string) error {
	path, err := filepath.Abs(program)
	if err != nil {
		return fmt.Errorf("finding %s: %w", program, err)
	}
	one := &server{command: exec.CommandContext(ctx, path, arguments...)}
	one.command.Dir = s.folder
	one.command.Stdout, one.command.Stderr = &one.output, &one.output
	one.command.Cancel = func() error { return one.command.Process.Signal(syscall.SIGTERM) }
	one.command.WaitDelay = stopWait
	if err := one.command.Start(); err != nil {
		return fmt.Errorf("starting %s (make k8s-check builds it): %w", program, err)
	}
	s.running = append(s.running, one)
	return nil
}

// stop ends the servers, the last one first, and deletes their folder.
func (s *servers) stop() error {
	for _, one := range slices.Backward(s.running) {
		_ = one.command.Process.Signal(syscall.SIGTERM) // it may have ended
		killer := time.AfterFunc(stopWait, func() { _ = one.command.Process.Kill() })
		_ = one.command.Wait() // how it ends is not what is looked at here
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
		return fmt.Errorf("making a key: %w", err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return os.WriteFile(path, block, 0o600)
}

// freePorts finds ports of this machine that nobody uses at the moment.
func freePorts(ctx context.Context, n int) ([]string, error) {
	var ports []string
	var listen net.ListenConfig
	for range n {
		listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("looking for a free port: %w", err)
		}
		defer func() { _ = listener.Close() }() //nolint:gocritic // all are held until all are found
		_, port, err := net.SplitHostPort(listener.Addr().String())
		if err != nil {
			return nil, fmt.Errorf("looking for a free port: %w", err)
		}
		ports = append(ports, port)
	}
	return ports, nil
}
