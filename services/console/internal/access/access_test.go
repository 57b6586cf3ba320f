package access_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/longshore-io/longshore/services/console/internal/access"
)

func newRequest(host, name, password string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://"+host+"/queues/", nil)
	if name != "" {
		r.SetBasicAuth(name, password)
	}
	return r
}

func TestRoleOf(t *testing.T) {
	t.Parallel()
	hash, err := bcrypt.GenerateFromPassword([]byte("hidden"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	viewers, err := access.ParseUsers([]string{"vera:see", "both:x"}, access.Viewer)
	if err != nil {
		t.Fatal(err)
	}
	operators, err := access.ParseUsers([]string{"olga:" + string(hash), "both:x"}, access.Operator)
	if err != nil {
		t.Fatal(err)
	}
	gate := access.New(append(viewers, operators...))
	for name, tt := range map[string]struct {
		user, password string
		want           access.Role
	}{
		"no login":              {"", "", access.None},
		"unknown user":          {"eve", "see", access.None},
		"wrong password":        {"vera", "hidden", access.None},
		"empty password":        {"vera", "", access.None},
		"viewer":                {"vera", "see", access.Viewer},
		"operator with a hash":  {"olga", "hidden", access.Operator},
		"hash used as password": {"olga", string(hash), access.None},
		"both roles":            {"both", "x", access.Operator},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := gate.RoleOf(newRequest("queues.example", tt.user, tt.password)); got != tt.want {
				t.Errorf("RoleOf() = %d, want %d", got, tt.want)
			}
		})
	}
}

func TestRoleOfWithoutUsers(t *testing.T) {
	t.Parallel()
	gate := access.New(nil)
	for host, want := range map[string]access.Role{
		"127.0.0.1:8090": access.Operator, "localhost:8090": access.Operator, "localhost": access.Operator, "[::1]:8090": access.Operator,
		"rebound.example:8090": access.None, "10.0.0.1": access.None, "127.0.0.1.example": access.None,
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			if got := gate.RoleOf(newRequest(host, "", "")); got != want {
				t.Errorf("RoleOf() = %d, want %d", got, want)
			}
		})
	}
}
