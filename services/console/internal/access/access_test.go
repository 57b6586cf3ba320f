package access_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

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
	gate := access.New(append(viewers, operators...), access.NewThrottle())
	for name, tt := range map[string]struct {
		user, password string
		want           access.Role
		err            error
	}{
		"no login":              {"", "", access.None, nil},
		"unknown user":          {"eve", "see", access.None, access.ErrRefused},
		"wrong password":        {"vera", "hidden", access.None, access.ErrRefused},
		"empty password":        {"vera", "", access.None, access.ErrRefused},
		"viewer":                {"vera", "see", access.Viewer, nil},
		"operator with a hash":  {"olga", "hidden", access.Operator, nil},
		"hash used as password": {"olga", string(hash), access.None, access.ErrRefused},
		"both roles":            {"both", "x", access.Operator, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := gate.RoleOf(newRequest("queues.example", tt.user, tt.password)); got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("RoleOf() = %d, %v, want %d, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestRoleOfWithoutUsers(t *testing.T) {
	t.Parallel()
	gate := access.New(nil, access.NewThrottle())
	for host, want := range map[string]access.Role{
		"127.0.0.1:8090": access.Operator, "localhost:8090": access.Operator, "localhost": access.Operator, "[::1]:8090": access.Operator,
		"rebound.example:8090": access.None, "10.0.0.1": access.None, "127.0.0.1.example": access.None,
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			if got, err := gate.RoleOf(newRequest(host, "", "")); got != want || err != nil {
				t.Errorf("RoleOf() = %d, %v, want %d, nil", got, err, want)
			}
		})
	}
}

// TestRoleOfTakesAsLongForUnknownUsers counts the comparisons by their time: a hash of this cost takes
// some milliseconds, everything else microseconds.
func TestRoleOfTakesAsLongForUnknownUsers(t *testing.T) {
	t.Parallel()
	hash, err := bcrypt.GenerateFromPassword([]byte("hidden"), bcrypt.DefaultCost)
	if err != nil {
		t.Fatal(err)
	}
	gate := access.New([]access.User{
		{Name: "olga", Secret: string(hash), Role: access.Operator}, {Name: "vera", Secret: "see", Role: access.Viewer},
	}, access.NewThrottle())
	for _, name := range []string{"eve", "vera"} { // unknown, and with a password that is no hash
		start := time.Now()
		if _, err := gate.RoleOf(newRequest("queues.example", name, "hidden")); !errors.Is(err, access.ErrRefused) {
			t.Fatalf("RoleOf() = %v, want ErrRefused", err)
		}
		if got := time.Since(start); got < 5*time.Millisecond {
			t.Errorf("the name %s took %s, want the time of a comparison with a hash", name, got)
		}
	}
}

// TestRoleOfThrottles sends wrong logins from one client until it is throttled. Others are not.
func TestRoleOfThrottles(t *testing.T) {
	t.Parallel()
	gate := access.New([]access.User{{Name: "vera", Secret: "see", Role: access.Viewer}}, access.NewThrottle())
	send := func(remote, password string) error {
		r := newRequest("queues.example", "vera", password)
		r.RemoteAddr = remote
		_, err := gate.RoleOf(r)
		return err
	}
	for i := range 10 {
		if err := send(fmt.Sprintf("[2001:db8::%d]:1", i), "guess"); !errors.Is(err, access.ErrRefused) {
			t.Fatalf("wrong login %d = %v, want ErrRefused", i+1, err)
		}
	}
	if err := send("[2001:db8::99]:2", "see"); !errors.Is(err, access.ErrThrottled) {
		t.Errorf("login of the client after ten wrong ones = %v, want ErrThrottled", err)
	}
	if err := send("192.0.2.1:1", "see"); err != nil {
		t.Errorf("login of another client = %v, want nil", err)
	}
}
