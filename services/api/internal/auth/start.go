package auth

import (
	"context"
	"errors"
	"log/slog"
)

// KeyCounter looks for keys. *store.Store implements it.
type KeyCounter interface {
	HasKeys(ctx context.Context) (bool, error)
}

// errClosed is returned if nobody could send requests.
var errClosed = errors.New("the api can be reached from other machines, and there is no key with which a client could authenticate:" +
	" make one with: api keys create --bundle admin; or listen to this machine only (LONGSHORE_ADDR=127.0.0.1:8080)," +
	" or set LONGSHORE_AUTH=off if a gate of your own authenticates every request")

// CheckStart returns an error if the api would need a credential from every client and there is none
// yet, so that an operator notices it at once. It logs a warning if the api needs none from anybody.
func CheckStart(ctx context.Context, o Options, keys KeyCounter, log *slog.Logger) error {
	if o.Mode == Off {
		log.WarnContext(ctx, "every client is an administrator, because LONGSHORE_AUTH is off")
		return nil
	}
	if o.Mode == On || o.Local { // a key can be made later, and clients are told that they need one
		return nil
	}
	has, err := keys.HasKeys(ctx)
	if err == nil && !has {
		return errClosed
	}
	return err
}
