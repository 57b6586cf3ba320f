package split

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/intake"
	"github.com/longshore-io/longshore/pkg/store"
)

// body reads the records of the parts of an upload. The first Next opens the reader, so that all errors of the body are
// those of Next.
type body struct {
	media  intake.Media
	target *collection.Collection
	limits intake.Limits
	// openFile opens the parts as a file, which only an archive needs.
	openFile func() (*store.PartsFile, error)
	parts    *store.PartsReader
	file     *store.PartsFile
	content  *intake.Content
	reader   *intake.Reader
}

// open lists the parts.
func (s *Splitter) open(ctx context.Context, id uuid.UUID, media intake.Media, target *collection.Collection, limits intake.Limits) (*body, error) {
	parts, err := s.store.ReadParts(ctx, id)
	if err != nil {
		return nil, err
	}
	open := func() (*store.PartsFile, error) { return s.store.OpenParts(ctx, id) }
	return &body{media: media, target: target, limits: limits, parts: parts, openFile: open}, nil
}

// Next returns the next record; io.EOF after the last one.
func (b *body) Next() (record []byte, err error) {
	if b.reader == nil {
		if err := b.start(); err != nil {
			return nil, err
		}
	}
	return b.reader.Next()
}

// start opens the reader: one of the stream of parts, or for a zip file one that reads at any place.
func (b *body) start() (err error) {
	if b.content, err = intake.Start(intake.NewBody(b.parts, b.limits.Body, nil), b.media, b.limits); err != nil {
		return err
	}
	if b.content.IsArchive() && b.content.Plain() {
		if b.file, err = b.openFile(); err != nil {
			return err
		}
		b.reader, err = intake.OpenArchive(b.file, b.file.Size(), b.media, b.target, b.limits)
		return err
	}
	b.reader, err = b.content.Records(b.target)
	return err
}

// failure returns why the parts could not be read from the store.
func (b *body) failure() error {
	if b.file == nil {
		return b.parts.Err()
	}
	return errors.Join(b.parts.Err(), b.file.Err())
}

func (b *body) close() {
	if b.reader != nil {
		b.reader.Close()
	}
	if b.content != nil {
		b.content.Close()
	}
}
