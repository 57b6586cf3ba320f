// Command etcd is etcd's own server, built from its Go modules: where Kubernetes' API server keeps what it is given.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
