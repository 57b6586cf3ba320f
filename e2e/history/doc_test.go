// Package history_test loads a long history of finished operations and checks that what the services
// ask of Postgres does not depend on its length: every statement of pkg/store reads a bounded number
// of pages, and a week of work leaves the tables as large as a day of it.
//
// By hand, with more operations:
//
//	make test ARGS='-v -timeout 60m -run TestStatements ./e2e/history -operations 2000000'
package history_test
