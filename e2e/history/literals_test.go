package history_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// notExplained are statements whose plans Postgres does not show, or which read no table of
// Longshore's.
var notExplained = []string{
	"SET LOCAL",
	"xforce.longshore_migrations",                // one row for each migration, at the start of a service
	"EXPLAIN (FORMAT JSON)",                      // of a collection's table
	"SELECT count(*) FROM (SELECT FROM %s LIMIT", // the same
	"WHERE FALSE",                                // reads nothing
	"pg_xact_status",                             // one row, only after the answer to a COMMIT was lost
	"version = '%s'",                             // a condition of that statement
	"SET import_number = NULL",                   // the remedy in an error message
	"FROM xforce.task_numbers",                   // the one row of a sequence
	"SELECT current_user::text",                  // reads nothing
	"payload_digest, request, expires_at",        // one upload by its key
	"ahead.entries = 0 AND h.seq",                // one row by its key, when two requests of an owner race
	"set_config('role'",                          // reads nothing
	"rolbypassrls",                               // reads the catalog
	"xforce.api_keys",                            // as long as the list of keys, whatever the history is
	"longshore:api_keys",                         // reads nothing
	"SELECT entry_id, ",                          // the beginning of a page of the audit log
	"FROM tenants, unnest(",                      // entries that are added
	"SELECT 'key', key_id, NULL",                 // a key and tokens by their keys
	"AND principal = $1 AND status = ANY ($3)",   // the unfinished operations of a revoked key
	"xforce.collections",                         // what has changed, by the key, once a second; the versions of one collection
	"longshore:collections",                      // reads nothing
	"xforce.ledger",                              // the chunks of a table that are later than one, by the key; and old ones, a few at a time
	"longshore:ledger",                           // reads nothing
	"kind = 'import' AND status IN ('waiting', 'running') AND number < $1", // the unfinished imports and one operation's chunks, by their indexes
	"p.policyname LIKE 'worker %'",                                         // reads the catalog
	"xforce.tenant_limits",                                                 // as long as the list of tenants with limits
	"xforce.usage",                                                         // two rows by their key; 35 days of the others, a few at a time
	"longshore:limits",                                                     // reads nothing
	"AND tenant = $1 AND ($2::text IS NULL",                                // the unfinished operations of a tenant with limits
	"pg_column_size(c.payload)",                                            // what a tenant with a limit of bytes stores, at most every two seconds
	"FOR NO KEY UPDATE",                                                    // one row by its key, for a request with a condition
	"SELECT digest, created_at FROM xforce.upload_parts",                   // one row by its key, for a request with a condition
	"xforce.audit_log",                                                     // a page by its index, or old entries, a few at a time
	"xforce.api_tokens",                                                    // by its key, or a few that have expired
	"starts_with(collection",                                               // a condition on the operations that a list examines
	"expires_at IS NULL AND (NOT is_active",                                // one upload by its key, when its process has died
}

var (
	isSQL = regexp.MustCompile(`(?m)\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|FROM|WHERE|EXISTS)\b`)
	verb  = regexp.MustCompile(`%(\[\d+\])?[sdq]|\{mine[^}]*\}`)
)

// unseen returns the string literals of pkg/store with SQL that are in none of the executed
// statements. A literal with verbs of fmt, or places for the
// condition of the tenant, counts as executed if all that is between them is.
func unseen(t *testing.T, executed map[string]int) (literals []string) {
	t.Helper()
	all := strings.Join(slices.Collect(maps.Keys(executed)), "\x00")
	for literal := range storeLiterals(t) {
		if !isSQL.MatchString(literal) || containsAny(literal, notExplained) {
			continue
		}
		for _, fragment := range verb.Split(literal, -1) {
			if !strings.Contains(all, fragment) {
				literals = append(literals, literal)
				break
			}
		}
	}
	return literals
}

// storeLiterals yields the string literals of pkg/store but those of its tests.
func storeLiterals(t *testing.T) iter.Seq[string] {
	t.Helper()
	files, err := filepath.Glob("../../pkg/store/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("Glob() = %v, %v, want files", files, err)
	}
	return func(yield func(string) bool) {
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for node := range ast.Preorder(file) {
				literal, ok := node.(*ast.BasicLit)
				if !ok || literal.Kind != token.STRING {
					continue
				}
				if text, err := strconv.Unquote(literal.Value); err == nil && !yield(text) {
					return
				}
			}
		}
	}
}

func containsAny(text string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}
