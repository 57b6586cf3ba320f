package auth

import (
	"context"
	"errors"
	"log/slog"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/store"
)

// KeyMaker makes the first key and looks for others. *store.Store implements it.
type KeyMaker interface {
	HasKeys(ctx context.Context) (bool, error)
	CreateFirstKey(ctx context.Context, k store.Key) (bool, error)
}

// errClosed is returned if no client could send requests.
var errClosed = errors.New("the api can be reached from other machines, and there is no key and no issuer with which a client could authenticate:" +
	" set LONGSHORE_FIRST_KEY or LONGSHORE_OIDC_ISSUER, or make a key with: api keys create --bundle admin; or listen to this machine only (LONGSHORE_ADDR=127.0.0.1:8080)," +
	" or set LONGSHORE_AUTH=off if a gate of your own authenticates every request")

// CheckStart stores the first key, if one is configured and there is no key yet. It returns an error if
// the api would need a credential from every client and there is none, so that an operator notices it at
// once. It logs a warning if the api needs none from anybody.
func CheckStart(ctx context.Context, o Options, keys KeyMaker, log *slog.Logger) error {
	if err := makeFirstKey(ctx, o.FirstKey, keys, log); err != nil {
		return err
	}
	if o.Mode == Off {
		log.WarnContext(ctx, "every client is an administrator, because LONGSHORE_AUTH is off")
		return nil
	}
	if o.Mode == On || o.Local || o.Issuer != nil { // a key can be made later, and every answer without one says so
		return nil
	}
	has, err := keys.HasKeys(ctx)
	if err == nil && !has {
		return errClosed
	}
	return err
}

// makeFirstKey stores the key of an administrator of the default tenant.
func makeFirstKey(ctx context.Context, text string, keys KeyMaker, log *slog.Logger) error {
	secret, ok := access.ParseSecret(text)
	if !ok {
		return nil // the configuration has checked a key that is given
	}
	key := store.Key{
		ID: secret.ID, Tenant: access.DefaultTenant, Name: "first key", Digest: secret.Digest(), Actions: access.All().Names(),
		Collections: []string{"*"}, CreatedBy: "configuration",
	}
	made, err := keys.CreateFirstKey(ctx, key)
	if made {
		log.InfoContext(ctx, "the first key was made", slog.String("key", key.ID))
	}
	return err
}
