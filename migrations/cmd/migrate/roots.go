package main

import (
	// The image contains only the program, so the root certificates for Postgres over TLS are part
	// of it. The system's own, if it has any, are used instead.
	_ "golang.org/x/crypto/x509roots/fallback"
)
