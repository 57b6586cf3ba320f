module github.com/longshore-io/longshore/services/importer

go 1.26.0

require github.com/longshore-io/longshore/pkg v0.0.0

replace github.com/longshore-io/longshore/pkg => ../../pkg

require github.com/longshore-io/longshore/migrations v0.0.0

replace github.com/longshore-io/longshore/migrations => ../../migrations
