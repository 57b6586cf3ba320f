// Package access authenticates users of the console by HTTP basic authentication (RFC 7617) and
// determines their role. The users are configured.
package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/longshore-io/longshore/pkg/web"
)

// Role is the set of rights of a user. Each role includes the rights of the one before.
type Role int

const (
	// None grants no access.
	None Role = iota
	// Viewer may see queues and entries.
	Viewer
	// Operator may change queues and entries.
	Operator
)

// User is a user who may log in.
type User struct {
	Name string
	// Secret is the password or its bcrypt hash.
	Secret string
	Role   Role
}

// ParseUsers parses name:password pairs. Its error contains no password.
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

// Gate determines the role of requests. It is safe for concurrent use.
type Gate struct {
	users    []User
	refusals *Throttle
}

// New returns a gate with a throttle of wrong logins. Without users, every request to this machine's
// loopback address has the role Operator.
func New(users []User, wrong *Throttle) *Gate { return &Gate{users: users, refusals: wrong} }

// RequiresLogin reports whether the gate has users.
func (g *Gate) RequiresLogin() bool { return len(g.users) > 0 }

// ErrRefused means that the request has a login with a wrong name or password.
var ErrRefused = errors.New("the login is wrong")

// ErrThrottled means that the client has sent too many wrong logins. Its logins are not compared until
// RetryAfter has passed.
var ErrThrottled = errors.New("too many wrong logins")

// RetryAfter is the time in which a client may send maxRefusals wrong logins.
const RetryAfter = time.Minute

// RoleOf returns the role of a request; None without a login. Its error is ErrRefused or ErrThrottled.
// Without users, the request's Host must be localhost or a loopback address. This rejects the requests
// of a site whose name resolves to this machine (DNS rebinding).
func (g *Gate) RoleOf(r *http.Request) (Role, error) {
	if !g.RequiresLogin() {
		if isLoopback(r.Host) {
			return Operator, nil
		}
		return None, nil
	}
	name, password, ok := r.BasicAuth()
	if !ok {
		return None, nil
	}
	if !g.refusals.Allows(r) {
		return None, ErrThrottled
	}
	role := g.compare(name, password)
	if role == None {
		g.refusals.Count(r)
		return None, ErrRefused
	}
	return role, nil
}

// compare returns the role of a login. It takes as long for a wrong name, for a wrong password, and for a
// password that is not stored as a hash while others are: each login is compared with one hash, if there
// are any.
func (g *Gate) compare(name, password string) Role {
	role, hashed := None, false
	for _, user := range g.users {
		if !equal(user.Name, name) {
			continue
		}
		hashed = hashed || user.isHashed()
		if user.accepts(password) {
			role = max(role, user.Role)
		}
	}
	if i := slices.IndexFunc(g.users, User.isHashed); i >= 0 && !hashed {
		g.users[i].accepts(password)
	}
	return role
}

// isHashed reports whether the secret is a bcrypt hash.
func (u User) isHashed() bool { return strings.HasPrefix(u.Secret, "$2") }

func (u User) accepts(password string) bool {
	if u.isHashed() {
		return bcrypt.CompareHashAndPassword([]byte(u.Secret), []byte(password)) == nil
	}
	return equal(u.Secret, password)
}

// equal compares in a time that depends neither on the lengths of the texts nor on where they
// differ.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// isLoopback reports whether a Host header, with or without a port, names this machine.
func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	return web.IsLoopback(strings.Trim(host, "[]"))
}
