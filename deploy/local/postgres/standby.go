package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
)

// Follow replaces the server's data by a copy of a running server, the primary, and starts the server
// as a standby that receives the primary's changes. The server must have ended. Its role and password
// are those of the primary from then on. `SELECT pg_promote()` makes it a primary of its own.
func (s *Server) Follow(ctx context.Context, primary *Server) error {
	if err := os.RemoveAll(s.cluster.data()); err != nil {
		return fmt.Errorf("removing the old data: %w", err)
	}
	source, err := url.Parse(primary.URL())
	if err != nil {
		return err
	}
	source.Path = "" // the connection is one of replication, which has no database
	err = s.cluster.run(ctx, "", "pg_basebackup",
		"--dbname="+source.String(), "--pgdata="+s.cluster.data(), "--write-recovery-conf", "--checkpoint=fast", "--no-sync")
	if err != nil {
		return fmt.Errorf("copying the primary: %w", err)
	}
	s.cluster.password = primary.cluster.password
	return errors.Join(os.WriteFile(s.cluster.passwordFile(), []byte(s.cluster.password), 0o600), s.Restart(ctx))
}
