package imports

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/longshore-io/longshore/pkg/intake"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/staging"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/admission"
)

// blockBytes is how much of an archive is written in one transaction: as much as needs no admission.
const blockBytes = 64 << 10

// keep stores a body that can only be read when all of it is there, a zip file or a workbook, as the only part of an
// upload, and returns the sealed operation. The importer splits it into records. After an error it deletes what was
// written.
func (r *receiver) keep(ctx context.Context, upload *store.Upload, body *bodyRecords, options Options) (*operation.Operation, error) {
	ctx = context.WithoutCancel(ctx) // as stageAndSeal
	op, err := r.keepAndSeal(ctx, upload, body, options)
	if err != nil {
		r.drops.drop(ctx, upload, err)
	}
	return op, err
}

func (r *receiver) keepAndSeal(ctx context.Context, upload *store.Upload, body *bodyRecords, options Options) (*operation.Operation, error) {
	request, err := staging.NewRequest(body.contentType, body.options, options.ChunkRecords, options.ChunkBytes, options.Intake)
	if err != nil {
		return nil, err
	}
	request.ContentType = "" // earlier releases read no archives
	if !upload.Claimed() {
		if err := upload.Claim(ctx); err != nil {
			return nil, err
		}
	}
	if err := r.writePart(ctx, upload, body); err != nil {
		return nil, err
	}
	if body.form != nil {
		if err := body.form.end(); err != nil {
			return nil, err
		}
	}
	digest, err := body.Digest()
	if err != nil {
		return nil, err
	}
	upload.SetDigest(digest)
	return upload.SealParts(ctx, request.Encode())
}

// writePart writes the body as a part.
func (r *receiver) writePart(ctx context.Context, upload *store.Upload, body *bodyRecords) error {
	part, err := upload.NewPart()
	if err != nil {
		return err
	}
	taken, touch := admission.Of(ctx), r.touchFunc(upload)
	digest, block, touched := sha256.New(), make([]byte, blockBytes), time.Now()
	var before []byte // the previous block
	for {
		n, err := ReadFull(body.content, block)
		ended := errors.Is(err, io.EOF)
		if err != nil && !ended {
			return err
		}
		if n > 0 {
			_, _ = digest.Write(block[:n]) // a hash never fails
			if err := taken.Receive(int64(n)); err != nil {
				return err
			}
			if err := part.Append(ctx, block[:n]); err != nil {
				return err
			}
		}
		if ended {
			if err := intake.CheckArchiveEnd(append(before, block[:n]...)); err != nil {
				return err
			}
			_, err := part.Commit(ctx, digest.Sum(nil), body.limits.Body, store.PartExpiry)
			return err
		}
		before = append(before[:0], block...)
		if time.Since(touched) > upload.TouchEvery() {
			touched = time.Now()
			if err := touch(ctx); err != nil {
				return fmt.Errorf("keeping an upload alive: %w", err)
			}
		}
	}
}

// ReadFull reads until p is full. Unlike io.ReadFull it returns io.EOF, and not
// io.ErrUnexpectedEOF, with a short last block.
func ReadFull(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var read int
		read, err = r.Read(p[n:])
		n += read
	}
	return n, err
}
