// Command etcd is etcd's own server, built from its Go modules. It stores the objects of
// Kubernetes' API server.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
