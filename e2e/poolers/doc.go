// Package poolers tests the services behind connection poolers. Only make test-all runs it.
package poolers
