// Package roles tests the file that creates Longshore's roles in Postgres, as administrators run it, and
// what programs say about a role that lacks rights. All other system tests run with such roles too.
package roles
