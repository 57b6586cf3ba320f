package keys

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/store"
)

// Command is the kind of principal of the command line: who has access to the database.
const Command access.Kind = "command"

// Usage describes the arguments of Run.
const Usage = `keys create --bundle viewer|importer|operator|admin [--tenant t] [--name n] [--collections a,b*]
                        [--expires 720h] [--role r] [--claims '{…}'] [--limits '{…}'] [--first]
                        make an API key and print it; with --first only if there is none yet
       %[1]s keys list [--tenant t]
       %[1]s keys revoke ID [--tenant t] [--cancel]
                        revoke a key; with --cancel also cancel what it has started`

// ErrUsage is returned for wrong arguments.
var ErrUsage = errors.New("wrong arguments")

// Run runs the command keys with its arguments, and prints to out.
func Run(ctx context.Context, db *store.Store, args []string, out io.Writer) error {
	if len(args) == 0 {
		return ErrUsage
	}
	var order Order
	var collections, claims, limits, tenant string
	var first, cancels bool
	flags := flag.NewFlagSet("keys "+args[0], flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&tenant, "tenant", access.DefaultTenant, "")
	if args[0] == "create" {
		flags.StringVar((*string)(&order.Bundle), "bundle", "", "")
		flags.StringVar(&order.Name, "name", "", "")
		flags.StringVar(&collections, "collections", "", "")
		flags.StringVar(&order.ExpiresIn, "expires", "", "")
		flags.StringVar(&order.Role, "role", "", "")
		flags.StringVar(&claims, "claims", "", "")
		flags.StringVar(&limits, "limits", "", "")
		flags.BoolVar(&first, "first", false, "")
	}
	if args[0] == "revoke" {
		flags.BoolVar(&cancels, "cancel", false, "")
	}
	ids, err := parse(flags, args[1:])
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	if !access.ValidTenant(tenant) {
		return fmt.Errorf("%w: %q is not the name of a tenant: %s", ErrUsage, tenant, access.TenantRule)
	}
	switch {
	case args[0] == "create" && len(ids) == 0:
		order.Tenant, order.Claims = tenant, json.RawMessage(claims)
		order.Limits = json.RawMessage(limits)
		if collections != "" {
			order.Collections = strings.Split(collections, ",")
		}
		return create(ctx, db, order, first, out)
	case args[0] == "list" && len(ids) == 0:
		return list(ctx, db, tenant, out)
	case args[0] == "revoke" && len(ids) == 1:
		return revoke(ctx, db, tenant, ids[0], cancels, out)
	}
	return ErrUsage
}

// revoke revokes a key, and cancels what it has started if cancels is true.
func revoke(ctx context.Context, db *store.Store, tenant, id string, cancels bool, out io.Writer) error {
	if _, err := db.RevokeKey(ctx, tenant, id); err != nil {
		return err
	}
	if err := record(ctx, db, tenant, "DELETE", "/keys/:key", id); err != nil || !cancels {
		return err
	}
	cancelled, err := db.CancelOf(access.WithTenants(ctx, []string{tenant}), id)
	_, _ = fmt.Fprintf(out, "%d operations were cancelled\n", cancelled)
	return err
}

// record adds an entry to the audit log. The command line has no address and no request.
func record(ctx context.Context, db *store.Store, tenant, method, route, key string) error {
	return db.WriteAudit(ctx, []store.AuditEntry{{
		At: time.Now(), Tenant: tenant, PrincipalKind: Command, Principal: "command", Action: string(access.WriteKeys), Method: method, Route: route,
		Object: key, Status: http.StatusOK,
	}})
}

// parse parses flags before and after the other arguments, which it returns.
func parse(flags *flag.FlagSet, args []string) (others []string, err error) {
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		if flags.NArg() == 0 {
			return others, nil
		}
		others, args = append(others, flags.Arg(0)), flags.Args()[1:]
	}
}

func create(ctx context.Context, db *store.Store, order Order, first bool, out io.Writer) error {
	maker := access.NewLocal()
	maker.Kind, maker.ID = Command, "command"
	secret, key, err := order.Make(maker)
	if err != nil {
		return err
	}
	if !first {
		if err := db.CreateKey(ctx, key); err != nil {
			return err
		}
		if err := record(ctx, db, key.Tenant, "POST", "/keys", key.ID); err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, secret.Reveal())
		return err
	}
	made, err := db.CreateFirstKey(ctx, key)
	switch {
	case err != nil:
		return err
	case !made:
		_, err = fmt.Fprintln(out, "there are keys already: no first key was made")
	default:
		if err := record(ctx, db, key.Tenant, "POST", "/keys", key.ID); err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, "the first key, which is shown once:", secret.Reveal())
	}
	return err
}

func list(ctx context.Context, db *store.Store, tenant string, out io.Writer) error {
	found, err := db.KeysOf(ctx, tenant)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tNAME\tSTATE\tCOLLECTIONS\tCREATED\tLAST USED\tACTIONS")
	for _, k := range found {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, printable(k.Name), stateOf(k), strings.Join(k.Collections, ","),
			dateOf(k.CreatedAt), dateOf(k.LastUsedAt), strings.Join(k.Actions, ","))
	}
	return table.Flush()
}

// printable returns a name without characters that would change what a terminal shows.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, name)
}

func stateOf(k store.Key) string {
	switch {
	case k.Revoked():
		return "revoked"
	case k.Expired(time.Now()):
		return "expired"
	}
	return "valid"
}

func dateOf(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}
