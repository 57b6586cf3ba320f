package session

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// setting is a setting of Postgres that every transaction begins with, whatever the role's or the
// database's own value is.
type setting struct {
	name string
	// value is an SQL expression of type text.
	value string
}

// transactionTimeoutVersion is the first version of Postgres with transaction_timeout.
const transactionTimeoutVersion = 17

// list returns the settings for a major version of Postgres.
func (o Options) list(version int) []setting {
	list := []setting{
		{"idle_in_transaction_session_timeout", milliseconds(o.FrozenAfter)},
		{"tcp_user_timeout", milliseconds(o.FrozenAfter)},
		{"statement_timeout", milliseconds(o.Statement)},
		{"lock_timeout", "'0'"},
		// A commit that was answered is on disk. remote_apply promises more, so it stays.
		{"synchronous_commit", "CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END"},
	}
	if version >= transactionTimeoutVersion {
		list = append(list, setting{"transaction_timeout", "'0'"})
	}
	if o.Pooler {
		list = append(list, o.poolerSettings()...)
	}
	return list
}

// settings returns the statement that applies the settings to the current transaction. SET LOCAL
// would warn in the implicit transaction of a single statement; set_config does not.
func (o Options) settings(serverVersion string) string {
	var calls []string
	for _, s := range o.list(majorVersion(serverVersion)) {
		calls = append(calls, fmt.Sprintf("set_config('%s', %s, true)", s.name, s.value))
	}
	return "SELECT " + strings.Join(calls, ", ")
}

// tenantsSetting is the setting that the policies of row-level security read.
const tenantsSetting = "longshore.tenants"

// setTenants is the statement that applies it to the current transaction.
const setTenants = `SELECT set_config('` + tenantsSetting + `', $1, true)`

// tenants returns the tenants of a context as an array of Postgres; {} without any, which shows nothing.
func (o Options) tenants(ctx context.Context) string {
	names := o.Tenants(ctx)
	if len(names) == 0 {
		return "{}"
	}
	return `{"` + strings.Join(names, `","`) + `"}`
}

// milliseconds returns the literal of a timeout; 0 means none.
func milliseconds(d time.Duration) string { return fmt.Sprintf("'%d'", d.Milliseconds()) }

// majorVersion returns the first number of a server_version such as "17.2 (Debian 17.2-1)"; 0 if it
// has none.
func majorVersion(serverVersion string) int {
	digits := strings.IndexFunc(serverVersion+" ", func(r rune) bool { return r < '0' || r > '9' })
	major, err := strconv.Atoi(serverVersion[:digits])
	if err != nil {
		return 0
	}
	return major
}
