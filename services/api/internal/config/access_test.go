package config_test

import (
	"testing"

	pkgconfig "github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/services/api/internal/auth"
	"github.com/longshore-io/longshore/services/api/internal/config"
)

func TestAccessOptionsLocal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		addr, publicURL string
		want            bool
	}{
		{"127.0.0.1:8080", "", true},
		{"127.9.9.9:80", "", true},
		{"[::1]:8080", "", true},
		{"localhost:8080", "http://localhost:8080", true},
		{"127.0.0.1:8080", "https://imports.example.com", false},
		{"127.0.0.1:8080", "://", false},
		{":8080", "", false},
		{"0.0.0.0:8080", "", false},
		{"10.0.0.1:8080", "", false},
		{"localhost.example.com:8080", "", false},
	} {
		t.Run(tt.addr+" "+tt.publicURL, func(t *testing.T) {
			t.Parallel()
			if got := (config.Access{Auth: auth.Auto}).Options(tt.addr, tt.publicURL, pkgconfig.Web{}).Local; got != tt.want {
				t.Errorf("Options().Local = %t, want %t", got, tt.want)
			}
		})
	}
}

// TestAccessIsNotLocal checks that an api which other machines reach through a proxy or by a name needs
// credentials.
func TestAccessIsNotLocal(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		web  pkgconfig.Web
		want bool
	}{
		"own host":     {pkgconfig.Web{Hosts: []string{"localhost", "127.0.0.1"}}, true},
		"foreign host": {pkgconfig.Web{Hosts: []string{"localhost", "imports.lan"}}, false},
		"proxy":        {pkgconfig.Web{TrustedProxies: []string{"127.0.0.1"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (config.Access{Auth: auth.Auto}).Options("127.0.0.1:8080", "", tt.web).Local; got != tt.want {
				t.Errorf("Local = %t, want %t", got, tt.want)
			}
		})
	}
}
