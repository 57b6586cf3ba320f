package access_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/longshore-io/longshore/services/console/internal/access"
)

func request(host, name, password string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://"+host+"/queues/", nil)
	if name != "" {
		r.SetBasicAuth(name, password)
	}
	return r
}

func TestOnlyKnownUsersAreLetIn(t *testing.T) {
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
		"no login":           {"", "", access.Nobody},
		"unknown":            {"eve", "see", access.Nobody},
		"wrong password":     {"vera", "hidden", access.Nobody},
		"empty password":     {"vera", "", access.Nobody},
		"viewer":             {"vera", "see", access.Viewer},
		"operator by a hash": {"olga", "hidden", access.Operator},
		"the hash itself":    {"olga", string(hash), access.Nobody},
		"both roles":         {"both", "x", access.Operator},
	} {
		if got := gate.RoleOf(request("queues.example", tt.user, tt.password)); got != tt.want {
			t.Errorf("%s: role %d, want %d", name, got, tt.want)
		}
	}
}

func TestWithoutUsersOnlyThisMachineIsLetIn(t *testing.T) {
	t.Parallel()
	gate := access.New(nil)
	for host, want := range map[string]access.Role{
		"127.0.0.1:8090": access.Operator, "localhost:8090": access.Operator, "localhost": access.Operator, "[::1]:8090": access.Operator,
		"rebound.example:8090": access.Nobody, "10.0.0.1": access.Nobody, "127.0.0.1.example": access.Nobody,
	} {
		if got := gate.RoleOf(request(host, "", "")); got != want {
			t.Errorf("%s: role %d, want %d", host, got, want)
		}
	}
}
