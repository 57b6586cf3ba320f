package service

import (
	"crypto/x509"
	"testing"
)

// TestFallbackRootsAreSet sets the authorities a second time, which panics.
func TestFallbackRootsAreSet(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("SetFallbackRoots() did not panic: the program contains no certificate authorities")
		}
	}()
	x509.SetFallbackRoots(x509.NewCertPool())
}
