package rig

import (
	"fmt"
	"net/url"
)

// withDatabase returns the address of another database, of Postgres or of Redis, on the same server.
func withDatabase(serverURL, database string) (string, error) {
	address, err := url.Parse(serverURL)
	if err != nil {
		return "", fmt.Errorf("reading a server's address: %w", err)
	}
	address.Path = "/" + database
	return address.String(), nil
}
