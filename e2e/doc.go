// Package e2e contains the system tests and the fault tests. They run the built programs as
// processes, with a Postgres database and a Redis of their own, and check them from outside: as
// clients, as operators and as readers of the tables.
package e2e
