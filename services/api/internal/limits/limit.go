package limits

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/quota"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// Limit returns the route with a handler that counts its requests and the bytes of their bodies, and refuses
// those beyond the limits by day. The requests must be authenticated before. Status, lists, cancels and
// deletes are neither counted nor refused: who has reached a limit must be able to see and to stop its work.
func (m *Meters) Limit(route edge.Route) edge.Route {
	if route.Action == access.Public {
		return route
	}
	free := route.Method == http.MethodGet && !route.Audited || route.Method == http.MethodDelete || route.Action == access.CancelOperations ||
		route.Action == access.Authenticated
	handle := route.Handler
	route.Handler = func(c *gin.Context) error {
		ctx := c.Request.Context()
		a, err := m.Account(ctx, access.Of(ctx))
		if err != nil {
			return err
		}
		if a == nil {
			return handle(c)
		}
		c.Request = c.Request.WithContext(quota.With(ctx, a))
		if err := m.begin(c, *a, free, route.Action == access.CreateImports); err != nil {
			return err
		}
		return handle(c)
	}
	return route
}

// begin counts a request, unless it is free, and refuses it if a limit by day is reached.
func (m *Meters) begin(c *gin.Context, a quota.Account, free, imports bool) error {
	if !free {
		m.Add(a, quota.Usage{Requests: 1})
	}
	ofTenant, ofKey, err := m.Used(c.Request.Context(), a)
	if err != nil {
		return err
	}
	_, next := quota.Day(time.Now())
	setFields(c.Writer.Header(), a, ofTenant, ofKey, time.Until(next))
	if free {
		return nil
	}
	length := max(0, c.Request.ContentLength)
	for _, of := range []struct {
		whose  string
		limits quota.Limits
		used   quota.Usage
	}{{"key", a.OfKey, ofKey}, {"tenant", a.OfTenant, ofTenant}} {
		switch l := of.limits; {
		case l.RequestsPerDay > 0 && of.used.Requests > l.RequestsPerDay:
			return quota.Exceeded(of.whose, "requests_per_day", l.RequestsPerDay, of.used.Requests, next)
		case l.BytesPerDay > 0 && length > 0 && of.used.Bytes+length > l.BytesPerDay:
			return quota.Exceeded(of.whose, "bytes_per_day", l.BytesPerDay, of.used.Bytes, next)
		case l.RecordsPerDay > 0 && of.used.Records >= l.RecordsPerDay && imports:
			return quota.Exceeded(of.whose, "records_per_day", l.RecordsPerDay, of.used.Records, next)
		}
	}
	m.countBody(c.Request, a, ofTenant, ofKey, next)
	return m.checkStaged(c.Request, a)
}

// checkStaged refuses a body if the operations of the account store as many bytes as they may.
func (m *Meters) checkStaged(r *http.Request, a quota.Account) error {
	if r.ContentLength == 0 || a.OfKey.StagedBytes == 0 && a.OfTenant.StagedBytes == 0 {
		return nil
	}
	ofTenant, ofKey, err := m.Occupied(r.Context(), a)
	switch length := max(0, r.ContentLength); {
	case err != nil:
		return err
	case a.OfKey.StagedBytes > 0 && ofKey.StagedBytes+length > a.OfKey.StagedBytes:
		return quota.Exceeded("key", "staged_bytes", a.OfKey.StagedBytes, ofKey.StagedBytes, time.Time{})
	case a.OfTenant.StagedBytes > 0 && ofTenant.StagedBytes+length > a.OfTenant.StagedBytes:
		return quota.Exceeded("tenant", "staged_bytes", a.OfTenant.StagedBytes, ofTenant.StagedBytes, time.Time{})
	}
	return nil
}

// countBody counts the bytes of the body as they arrive, and ends it at the limit.
func (m *Meters) countBody(r *http.Request, a quota.Account, ofTenant, ofKey quota.Usage, next time.Time) {
	if r.Body == nil || r.ContentLength == 0 {
		return
	}
	body := &countedBody{ReadCloser: r.Body, add: func(n int64) { m.Add(a, quota.Usage{Bytes: n}) }, left: -1}
	for _, of := range []struct {
		whose       string
		limit, used int64
	}{{"key", a.OfKey.BytesPerDay, ofKey.Bytes}, {"tenant", a.OfTenant.BytesPerDay, ofTenant.Bytes}} {
		if left := of.limit - of.used; of.limit > 0 && (body.left < 0 || left < body.left) {
			body.left = max(0, left)
			body.exceeded = quota.Exceeded(of.whose, "bytes_per_day", of.limit, of.used, next)
		}
	}
	r.Body = body
}

// countedBody is a request body of counted and perhaps of limited length.
type countedBody struct {
	io.ReadCloser

	add func(n int64)
	// left is how many bytes may follow; negative for any number. exceeded is the fault of the next one.
	left     int64
	exceeded error
}

// Read implements io.Reader.
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.add(int64(n))
	if b.left >= 0 {
		if int64(n) > b.left {
			n, err = int(b.left), b.exceeded
		}
		b.left -= int64(n)
	}
	return n, err
}

// setFields sets RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers): the limits by day,
// what is left of them, and the seconds until the day ends. Of the tenant's and the key's, it is the one with
// less left.
func setFields(h http.Header, a quota.Account, ofTenant, ofKey quota.Usage, reset time.Duration) {
	var policies, states []string
	for _, l := range []struct {
		name               string
		tenant, usedTenant int64
		key, usedKey       int64
	}{
		{"requests", a.OfTenant.RequestsPerDay, ofTenant.Requests, a.OfKey.RequestsPerDay, ofKey.Requests},
		{"bytes", a.OfTenant.BytesPerDay, ofTenant.Bytes, a.OfKey.BytesPerDay, ofKey.Bytes},
		{"records", a.OfTenant.RecordsPerDay, ofTenant.Records, a.OfKey.RecordsPerDay, ofKey.Records},
	} {
		limit, left := l.tenant, l.tenant-l.usedTenant
		if l.key > 0 && (limit == 0 || l.key-l.usedKey < left) {
			limit, left = l.key, l.key-l.usedKey
		}
		if limit == 0 {
			continue
		}
		policies = append(policies, fmt.Sprintf(`%q;q=%d;w=86400`, l.name, limit))
		states = append(states, fmt.Sprintf(`%q;r=%d;t=%d`, l.name, max(0, left), int(reset.Seconds())+1))
	}
	if len(policies) > 0 {
		h.Set("RateLimit-Policy", strings.Join(policies, ", "))
		h.Set("RateLimit", strings.Join(states, ", "))
	}
}
