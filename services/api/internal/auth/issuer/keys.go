package issuer

import (
	"context"
	"crypto"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"

	"github.com/longshore-io/longshore/pkg/fault"
)

const (
	// refreshAfter is the age at which keys are read again, so that a key that the issuer has withdrawn is
	// not accepted any more.
	refreshAfter = 5 * time.Minute
	// minInterval is the least time between two readings. Tokens with an unknown key wait for the next one,
	// so that a client who invents keys makes the api send one request a second at most.
	minInterval = time.Second
	// maxDocumentBytes bounds what the issuer sends.
	maxDocumentBytes = 1 << 20
)

// keys are the public keys of an issuer. They are read when a token needs them.
type keys struct {
	issuer string
	client *http.Client
	maxAge time.Duration
	log    *slog.Logger
	flight singleflight.Group

	mu      sync.Mutex
	known   []jose.JSONWebKey
	readAt  time.Time
	triedAt time.Time
	failing bool
}

func newKeys(issuer string, client *http.Client, maxAge time.Duration, log *slog.Logger) *keys {
	return &keys{issuer: issuer, client: client, maxAge: maxAge, log: log}
}

// find returns the keys with an id, or all keys if a token names none; none if the issuer has no such key.
// It returns a fault of kind Unavailable if that can't be known, because the issuer does not answer.
func (k *keys) find(ctx context.Context, id string) ([]crypto.PublicKey, error) {
	found, age := k.cached(id)
	switch {
	case len(found) > 0 && age < refreshAfter:
		return found, nil
	case len(found) > 0 && age < k.maxAge:
		go k.refresh(context.WithoutCancel(ctx)) //nolint:errcheck // it is logged
		return found, nil
	}
	if err := k.refresh(ctx); err != nil {
		return nil, fault.New(fault.Unavailable, "issuer-unavailable", "The token could not be checked, because its issuer does not answer. Try again.").
			Because(err)
	}
	found, _ = k.cached(id)
	return found, nil
}

func (k *keys) cached(id string) (found []crypto.PublicKey, age time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range k.known {
		if id == "" || key.KeyID == id {
			found = append(found, key.Key)
		}
	}
	return found, time.Since(k.readAt)
}

// refresh reads the keys. Concurrent callers share one reading, which begins after each of them has called.
func (k *keys) refresh(ctx context.Context) error {
	asked := time.Now()
	for {
		result := k.flight.DoChan("", func() (any, error) { return k.read(context.WithoutCancel(ctx)) })
		select {
		case <-ctx.Done():
			return ctx.Err()
		case r := <-result:
			if began, _ := r.Val.(time.Time); r.Err != nil || !began.Before(asked) {
				return r.Err
			}
		}
	}
}

// read reads the keys minInterval after the last time, and returns when it began.
func (k *keys) read(ctx context.Context) (began time.Time, err error) {
	k.mu.Lock()
	wait := time.Until(k.triedAt.Add(minInterval))
	k.mu.Unlock()
	<-time.After(wait)
	began = time.Now()
	ctx, cancel := context.WithTimeout(ctx, 2*requestTimeout)
	defer cancel()
	read, err := k.request(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.triedAt = began
	if failing := err != nil; failing != k.failing {
		k.failing = failing
		k.logChange(ctx, err)
	}
	if err == nil {
		k.known, k.readAt = read, began
	}
	return began, err
}

func (k *keys) logChange(ctx context.Context, err error) {
	if err != nil {
		k.log.WarnContext(ctx, "the keys of the issuer can't be read", slog.String("issuer", k.issuer), slog.Any("error", err))
		return
	}
	k.log.InfoContext(ctx, "the keys of the issuer are read again", slog.String("issuer", k.issuer))
}

// request requests the issuer's description of itself (OpenID Connect Discovery, section 4) and then its
// keys (RFC 7517).
func (k *keys) request(ctx context.Context) ([]jose.JSONWebKey, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, k.client), k.issuer)
	if err != nil {
		return nil, fmt.Errorf("reading the description of the issuer: %w", err)
	}
	var document struct {
		Keys string `json:"jwks_uri"`
	}
	if err := provider.Claims(&document); err != nil {
		return nil, fmt.Errorf("reading the description of the issuer: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, document.Keys, nil)
	if err != nil {
		return nil, fmt.Errorf("reading the keys of the issuer: %w", err)
	}
	answer, err := k.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("reading the keys of the issuer: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("reading the keys of the issuer: %s", answer.Status)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxDocumentBytes)).Decode(&set); err != nil {
		return nil, fmt.Errorf("reading the keys of the issuer: %w", err)
	}
	return signingKeys(set.Keys), nil
}

// signingKeys returns the public keys for signatures. Keys of an unknown kind are left out (RFC 7517,
// section 5).
func signingKeys(documents []json.RawMessage) (found []jose.JSONWebKey) {
	for _, document := range documents {
		var key jose.JSONWebKey
		if json.Unmarshal(document, &key) == nil && key.IsPublic() && key.Valid() && (key.Use == "" || key.Use == "sig") {
			found = append(found, key)
		}
	}
	return found
}
