// Package access says who may see the console and who may change something through it: HTTP basic authentication (RFC 7617) against
// users from the configuration.
package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// Role is what a user may do.
type Role int

// The roles, each with more rights than the one before.
const (
	// Nobody may do nothing.
	Nobody Role = iota
	// Viewer may look.
	Viewer
	// Operator may change queues and entries.
	Operator
)

// User is somebody who may log in.
type User struct {
	Name string
	// Secret is the password, or its bcrypt hash.
	Secret string
	Role   Role
}

// ParseUsers reads name:password pairs. Its error shows no password.
func ParseUsers(pairs []string, role Role) ([]User, error) {
	users := make([]User, 0, len(pairs))
	for _, pair := range pairs {
		name, secret, _ := strings.Cut(pair, ":")
		if name == "" || secret == "" {
			return nil, errors.New("users are name:password pairs, separated by commas")
		}
		users = append(users, User{name, secret, role})
	}
	return users, nil
}

// Gate lets requests in. It is safe for concurrent use.
type Gate struct {
	users []User
}

// New makes a gate. Without users everybody on this machine is an operator.
func New(users []User) *Gate { return &Gate{users: users} }

// RoleOf returns what the sender of a request may do. Without users, only requests that name this machine as their host are let in: a
// page of another site, whose name is made to point here, must not be.
func (g *Gate) RoleOf(r *http.Request) Role {
	if len(g.users) == 0 {
		if namesLoopback(r.Host) {
			return Operator
		}
		return Nobody
	}
	name, password, ok := r.BasicAuth()
	if !ok {
		return Nobody
	}
	role := Nobody
	for _, user := range g.users { // all of them, so that the time tells nothing
		if same(user.Name, name) && user.accepts(password) {
			role = max(role, user.Role)
		}
	}
	return role
}

// AsksLogin reports whether a login can help a request that was not let in.
func (g *Gate) AsksLogin() bool { return len(g.users) > 0 }

func (u User) accepts(password string) bool {
	if strings.HasPrefix(u.Secret, "$2") {
		return bcrypt.CompareHashAndPassword([]byte(u.Secret), []byte(password)) == nil
	}
	return same(u.Secret, password)
}

// same compares in a time that does not depend on where the two differ, or on their lengths.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func namesLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && address.IsLoopback()
}
