package service

import (
	// An image holds nothing but its program, so the program brings the authorities that it trusts: for Postgres and Redis over TLS. Where the
	// system has authorities, those count.
	_ "golang.org/x/crypto/x509roots/fallback"
)
