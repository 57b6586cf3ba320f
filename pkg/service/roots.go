package service

import (
	// An image contains only its program, so the program contains the certificate authorities for TLS
	// connections to Postgres and Redis. The authorities of the system, if it has any, come first.
	_ "golang.org/x/crypto/x509roots/fallback"
)
