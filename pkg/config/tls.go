package config

import "errors"

// TLS configures HTTPS.
type TLS struct {
	// CertFile is the file with the certificate of the service, in PEM form, with the intermediate ones
	// behind it. With it and LONGSHORE_TLS_KEY_FILE the service serves HTTPS (TLS 1.2 or later) instead of
	// HTTP. Both files are read again when they change.
	CertFile string `env:"LONGSHORE_TLS_CERT_FILE"`
	// KeyFile is the file with the key of the certificate, in PEM form.
	KeyFile string `env:"LONGSHORE_TLS_KEY_FILE"`
}

// Check implements Checker.
func (t TLS) Check() error {
	if (t.CertFile == "") != (t.KeyFile == "") {
		return errors.New("LONGSHORE_TLS_CERT_FILE and LONGSHORE_TLS_KEY_FILE must be set together")
	}
	return nil
}

// Enabled reports whether the service serves HTTPS.
func (t TLS) Enabled() bool { return t.CertFile != "" }
