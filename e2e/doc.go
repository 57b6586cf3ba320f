// Package e2e holds the system tests and the fault tests: they start the built programs as processes, with a Postgres database and a
// Redis of their own, and look at them only from outside, as users and as whoever reads the tables. Each file is about one theme.
package e2e
