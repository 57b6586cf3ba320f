module github.com/longshore-io/longshore/deploy/local

go 1.26.0

require github.com/longshore-io/longshore/migrations v0.0.0

replace github.com/longshore-io/longshore/migrations => ../../migrations
