// Package redistopology tests Longshore with the Redis that companies run: behind TLS, with a user for
// each service, with Sentinel, as a cluster, and shared by two installations. Every server is a real
// one, on the loopback address.
package redistopology
