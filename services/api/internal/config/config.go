// Package config is the api's configuration.
package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/intake"
	"github.com/longshore-io/longshore/services/api/internal/imports"
	"github.com/longshore-io/longshore/services/api/internal/imports/multipart"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/searches"
)

// Config is read from the environment by config.Load of package pkg/config.
type Config struct {
	Postgres    config.Postgres
	Redis       config.Redis
	Admin       config.Admin
	Collections config.Collections
	// CollectionFolder is a folder of collection files, *.json. When the api starts, it stores each file whose
	// content was not stored from a folder before, for all tenants; so the folder does not undo later changes.
	// api collections apply stores a folder as it is. Empty stores nothing.
	CollectionFolder string `env:"LONGSHORE_COLLECTIONS"`
	Shutdown         config.Shutdown
	Web              config.Web
	TLS              config.TLS
	Browsers         Browsers
	Admission        Admission
	Access           Access
	OIDC             OIDC
	Shares           config.Shares

	// Addr is the address, as host:port, at which the api listens for clients.
	Addr string `env:"LONGSHORE_ADDR" envDefault:"127.0.0.1:8080"`
	// DrainDelay is how long the server accepts requests after SIGTERM while it is not ready any
	// more, so that load balancers can stop sending them.
	DrainDelay time.Duration `env:"LONGSHORE_DRAIN_DELAY" envDefault:"0s"`
	// WriteTimeout is how long the api waits for the database to confirm a change that a client
	// requested, such as the acceptance of an import. Three fifths of it are for the change, the rest
	// is to find out whether it took effect if the confirmation is lost. At least 1s.
	WriteTimeout time.Duration `env:"LONGSHORE_WRITE_TIMEOUT" envDefault:"25s"`
	// PublicURL is the absolute address with which all links in answers begin, such as
	// https://imports.example.com, or https://example.com/imports if the proxy removes /imports from the paths of requests.
	// Set it behind a proxy. Empty uses the Host header of the
	// request, which must be one of LONGSHORE_HOSTS.
	PublicURL string `env:"LONGSHORE_PUBLIC_URL"`
	// Dialects is the list of the dialects that the api serves, separated by commas: azure (/operations),
	// google (/v1/operations) and tasks (/tasks). The addresses of others do not exist. azure must be
	// among them, because Operation-Location leads to it.
	Dialects []string `env:"LONGSHORE_DIALECTS" envDefault:"azure,google,tasks"`
	// ConsoleURL is the address at which operators open the console, which answers for its host. Every
	// answer of the api about an operation contains a header Link to its page there. Empty omits the
	// header.
	ConsoleURL string `env:"LONGSHORE_CONSOLE_URL"`

	// MaxBodyBytes is the maximum size of a request body after decompression, in bytes. It also
	// limits all parts of a multipart upload together.
	MaxBodyBytes int64 `env:"LONGSHORE_MAX_BODY_BYTES" envDefault:"17179869184"`
	// MaxRecordBytes is the maximum size of one record, in bytes. Together with
	// LONGSHORE_CHUNK_BYTES it may be at most 134217728.
	MaxRecordBytes int `env:"LONGSHORE_MAX_RECORD_BYTES" envDefault:"1048576"`
	// MaxRecords is the maximum number of records of one import. At most 2147483647.
	MaxRecords int `env:"LONGSHORE_MAX_RECORDS" envDefault:"100000000"`
	// MaxDepth is the maximum nesting depth of a record. At most 1000. Use the same value for the
	// api and the importer.
	MaxDepth int `env:"LONGSHORE_MAX_DEPTH" envDefault:"32"`
	// MaxRatio is the maximum number of bytes to which one compressed byte of a request body may
	// expand.
	MaxRatio int `env:"LONGSHORE_MAX_COMPRESSION_RATIO" envDefault:"200"`
	// UploadGrace is how long a client may be silent during a transfer. Each transferred byte
	// restores some of this time, at LONGSHORE_MIN_UPLOAD_RATE, up to the whole.
	UploadGrace time.Duration `env:"LONGSHORE_UPLOAD_GRACE" envDefault:"30s"`
	// MinUploadRate is the minimum transfer rate of a client in bytes per second. A client may be
	// slower for LONGSHORE_UPLOAD_GRACE.
	MinUploadRate int `env:"LONGSHORE_MIN_UPLOAD_RATE" envDefault:"10240"`

	// MaxPartBytes is the maximum size of one part of a multipart upload after decompression, in
	// bytes.
	MaxPartBytes int64 `env:"LONGSHORE_MAX_PART_BYTES" envDefault:"5368709120"`
	// MaxParts is the maximum number of parts of a multipart upload. At most 2147483647.
	MaxParts int `env:"LONGSHORE_MAX_PARTS" envDefault:"10000"`
	// UploadRetention is how long an unfinished multipart upload is kept after its last part. At
	// least 1m and twice LONGSHORE_UPLOAD_GRACE.
	UploadRetention time.Duration `env:"LONGSHORE_UPLOAD_RETENTION" envDefault:"24h"`

	// ChunkRecords is the maximum number of records in a chunk. A worker commits one chunk per
	// transaction.
	ChunkRecords int `env:"LONGSHORE_CHUNK_RECORDS" envDefault:"5000"`
	// ChunkBytes is the size, in bytes of its records, at which a chunk is full. Together with
	// LONGSHORE_MAX_RECORD_BYTES it may be at most 134217728.
	ChunkBytes int `env:"LONGSHORE_CHUNK_BYTES" envDefault:"4194304"`
	// Lanes is the maximum number of chunks of one import that are in the queue at the same time.
	// At most 1024. A lower value shares the workers more fairly between imports.
	Lanes int `env:"LONGSHORE_LANES" envDefault:"8"`
	// ImportRetention is how long an import is kept after its end if the client does not set
	// Longshore-Retention. From 10m to LONGSHORE_MAX_RETENTION.
	ImportRetention time.Duration `env:"LONGSHORE_IMPORT_RETENTION" envDefault:"168h"`
	// SearchRetention is how long a search and its results are kept after its end if the client
	// does not set Longshore-Retention. From 5m to 168h.
	SearchRetention time.Duration `env:"LONGSHORE_SEARCH_RETENTION" envDefault:"24h"`
	// ReportRetention is how long a report and its file are kept after its end if the client does
	// not set Longshore-Retention. From 10m to LONGSHORE_MAX_RETENTION.
	ReportRetention time.Duration `env:"LONGSHORE_REPORT_RETENTION" envDefault:"168h"`
	// MaxRetention is the maximum retention that a client may request for an import or a report.
	// For a search it is always 168h.
	MaxRetention time.Duration `env:"LONGSHORE_MAX_RETENTION" envDefault:"720h"`
	// MaxWait is the maximum time that a request may wait for the end of an operation (Prefer:
	// wait).
	MaxWait time.Duration `env:"LONGSHORE_MAX_WAIT" envDefault:"60s"`
	// PollWithin is the time within which the client of a running search must poll it. A search
	// that is not polled ends as timed out.
	PollWithin time.Duration `env:"LONGSHORE_POLL_WITHIN" envDefault:"60s"`
	// SearchMaxLimit is the maximum number of records that a search may request.
	SearchMaxLimit int `env:"LONGSHORE_SEARCH_MAX_LIMIT" envDefault:"10000"`
	// SearchMoment is how long the answer to a new search waits for its end, so that a fast search
	// needs no poll.
	SearchMoment time.Duration `env:"LONGSHORE_SEARCH_MOMENT" envDefault:"500ms"`
	// MaxErrors is the maximum number of rejected records in the status of an import at
	// /api/{collection}/import, which are also limited to 1 MiB. If there are more,
	// errors_truncated is true and errors_link leads to all of them.
	MaxErrors int `env:"LONGSHORE_MAX_ERRORS_SHOWN" envDefault:"1000"`
}

// minUploadRetention is much longer than the interval at which a slow part extends its upload.
const minUploadRetention = time.Minute

// checkUploads checks that a slow part cannot outlive its upload, and the number of parts.
func (c Config) checkUploads() error {
	if c.UploadRetention < max(minUploadRetention, 2*c.UploadGrace) {
		return fmt.Errorf("LONGSHORE_UPLOAD_RETENTION must be at least %s, and twice LONGSHORE_UPLOAD_GRACE", minUploadRetention)
	}
	if c.MaxParts > maxRows {
		return fmt.Errorf("LONGSHORE_MAX_PARTS must be at most %d", maxRows)
	}
	return nil
}

func (c Config) checkWriteTimeout() error {
	if c.WriteTimeout < time.Second {
		return errors.New("LONGSHORE_WRITE_TIMEOUT must be at least 1s")
	}
	return nil
}

// maxLanes is more than a large number of importers needs. Each lane of each unfinished import is an
// entry of the queue.
const maxLanes = 1024

// maxRows is the maximum of the INT columns of the seed's tables.
const maxRows = 1<<31 - 1

// Check returns all invalid settings in one error.
func (c Config) Check() error {
	errs := []error{
		c.checkWriteTimeout(),
		c.checkDialects(),
		config.Positive("LONGSHORE_MAX_BODY_BYTES", c.MaxBodyBytes),
		config.Positive("LONGSHORE_MAX_RECORD_BYTES", c.MaxRecordBytes),
		config.Positive("LONGSHORE_MAX_RECORDS", c.MaxRecords),
		config.Positive("LONGSHORE_MAX_DEPTH", c.MaxDepth),
		config.Positive("LONGSHORE_MAX_COMPRESSION_RATIO", c.MaxRatio),
		config.Positive("LONGSHORE_UPLOAD_GRACE", c.UploadGrace),
		config.Positive("LONGSHORE_MIN_UPLOAD_RATE", c.MinUploadRate),
		config.Positive("LONGSHORE_MAX_PART_BYTES", c.MaxPartBytes),
		config.Positive("LONGSHORE_MAX_PARTS", c.MaxParts),
		c.checkUploads(),
		config.Positive("LONGSHORE_CHUNK_RECORDS", c.ChunkRecords),
		config.Positive("LONGSHORE_CHUNK_BYTES", c.ChunkBytes),
		config.Positive("LONGSHORE_LANES", c.Lanes),
		c.Shares.CheckShares(),
		config.Positive("LONGSHORE_MAX_ERRORS_SHOWN", c.MaxErrors),
		config.Positive("LONGSHORE_SHUTDOWN_GRACE", c.Shutdown.Grace),
		config.Positive("LONGSHORE_MAX_WAIT", c.MaxWait),
		config.Positive("LONGSHORE_POLL_WITHIN", c.PollWithin),
		config.Positive("LONGSHORE_SEARCH_MAX_LIMIT", c.SearchMaxLimit),
		config.Positive("LONGSHORE_SEARCH_MOMENT", c.SearchMoment),
		c.checkRetention(),
		c.checkMemory(),
	}
	if c.ChunkBytes+c.MaxRecordBytes > chunk.MaxUnpackedBytes/2 {
		errs = append(errs, fmt.Errorf("LONGSHORE_CHUNK_BYTES and LONGSHORE_MAX_RECORD_BYTES must be at most %d together", chunk.MaxUnpackedBytes/2))
	}
	if c.Lanes > maxLanes {
		errs = append(errs, fmt.Errorf("LONGSHORE_LANES must be at most %d", maxLanes))
	}
	if c.MaxDepth > config.MaxDepth {
		errs = append(errs, fmt.Errorf("LONGSHORE_MAX_DEPTH must be at most %d", config.MaxDepth))
	}
	if c.MaxRecords > maxRows {
		errs = append(errs, fmt.Errorf("LONGSHORE_MAX_RECORDS must be at most %d", maxRows))
	}
	if base, err := url.Parse(c.PublicURL); c.PublicURL != "" && (err != nil || base.Scheme == "" || base.Host == "" || base.User != nil) {
		errs = append(errs, errors.New("LONGSHORE_PUBLIC_URL must be an absolute address such as https://imports.example.com, without a user"))
	}
	if !validConsoleURL(c.ConsoleURL) {
		errs = append(errs, errors.New("LONGSHORE_CONSOLE_URL must be an address such as https://console.example.com, without a user and a query"))
	}
	return errors.Join(errs...)
}

// validConsoleURL reports whether a path can be appended to the address in a Link header (RFC 8288),
// and it contains no user, because every client sees it. An empty address is valid.
func validConsoleURL(address string) bool {
	base, err := url.Parse(address)
	return address == "" || err == nil && (base.Scheme == "http" || base.Scheme == "https") && base.Host != "" && base.User == nil &&
		!strings.ContainsAny(address, "?#<> \t")
}

// Console returns ConsoleURL without a trailing slash.
func (c Config) Console() string { return strings.TrimSuffix(c.ConsoleURL, "/") }

// Search returns the options of package searches.
func (c Config) Search() searches.Options {
	return searches.Options{
		MaxLimit: c.SearchMaxLimit, Moment: c.SearchMoment, PollWithin: c.PollWithin,
		UploadRate: minrate.Limit{Grace: c.UploadGrace, MinRate: c.MinUploadRate},
	}
}

// Imports returns the options of package imports.
func (c Config) Imports() imports.Options {
	return imports.Options{
		Intake: intake.Limits{
			Body: c.MaxBodyBytes, Record: c.MaxRecordBytes, Records: c.MaxRecords, Depth: c.MaxDepth, Ratio: c.MaxRatio,
		},
		UploadRate:   minrate.Limit{Grace: c.UploadGrace, MinRate: c.MinUploadRate},
		ChunkRecords: c.ChunkRecords,
		ChunkBytes:   c.ChunkBytes,
		Lanes:        c.Lanes,
		MaxErrors:    c.MaxErrors,
	}
}

// Uploads returns the options of package multipart.
func (c Config) Uploads() multipart.Options {
	return multipart.Options{Import: c.Imports(), PartBytes: c.MaxPartBytes, Parts: c.MaxParts, Retention: c.UploadRetention}
}
