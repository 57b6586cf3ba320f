package service_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// TestWaitOut: a part of the start is repeated after errors that may go away by themselves, and only
// after those.
func TestWaitOut(t *testing.T) {
	t.Parallel()
	log := make(logLines, 100)
	deps, err := service.Open(t.Context(), log.env(), service.Options{
		Redis: config.Redis{URL: queuetest.New(t).URL}, Admin: config.Admin{Addr: "127.0.0.1:0"}, Postgres: config.Postgres{URL: storetest.NewDatabase(t)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(deps.Close)
	for name, tt := range map[string]struct {
		err   error
		waits bool
	}{
		"restart":            {&pgconn.PgError{Code: "57P01"}, true},
		"starting":           {&pgconn.PgError{Code: "57P03"}, true},
		"connection limit":   {&pgconn.PgError{Code: "53300"}, true},
		"disk full":          {&pgconn.PgError{Code: "53100"}, true},
		"deadlock":           {&pgconn.PgError{Code: "40P01"}, true},
		"lock":               {&pgconn.PgError{Code: "55P03"}, true},
		"standby":            {&pgconn.PgError{Code: "25006"}, true},
		"network":            {&net.OpError{Op: "read", Err: errors.New("connection reset by peer")}, true},
		"timeout":            {context.DeadlineExceeded, true},
		"privilege":          {&pgconn.PgError{Code: "42501"}, false},
		"table":              {&pgconn.PgError{Code: "42P01"}, false},
		"internal error":     {&pgconn.PgError{Code: "XX000"}, false},
		"unfit collection":   {errors.New("the table lacks a column"), false},
		"two, one permanent": {errors.Join(errors.New("the table lacks a column"), errors.New("the key differs")), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tries := 0
			log := make(logLines, 100)
			err := deps.WaitOut(t.Context(), log.env().Log, "preparing", func() error {
				tries++
				if tries <= 2 {
					return tt.err
				}
				return nil
			})
			switch {
			case tt.waits && (err != nil || tries != 3):
				t.Errorf("after %d tries: %v, want success with the third", tries, err)
			case tt.waits && len(log) != 1:
				t.Errorf("the log has %d lines, want one", len(log))
			case !tt.waits && (tries != 1 || !errors.Is(err, tt.err) || !strings.HasPrefix(err.Error(), "preparing: ")):
				t.Errorf("after %d tries: %v, want the error of the first", tries, err)
			}
		})
	}
}

func TestWaitOutEndsWithTheService(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	err := (&service.Dependencies{}).WaitOut(ctx, make(logLines).env().Log, "preparing", func() error {
		stop()
		return &pgconn.PgError{Code: "57P01"}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("WaitOut of a stopped service = %v, want context.Canceled", err)
	}
}
