package service

import (
	"crypto/x509"
	"testing"
)

// TestProgramsBringTheirAuthorities: they can be set once in a process, and have been.
func TestProgramsBringTheirAuthorities(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("nobody has set authorities yet")
		}
	}()
	x509.SetFallbackRoots(x509.NewCertPool())
}
