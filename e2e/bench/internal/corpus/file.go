package corpus

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
)

const (
	// writeBuffer is how much is written to the file at once.
	writeBuffer = 1 << 20
	// checkEvery is after how many records the file's maker looks whether it shall stop.
	checkEvery = 10_000
)

// WriteFile writes the first n records of the source to a new file and returns its size in bytes.
func (s *Source) WriteFile(ctx context.Context, path string, n int) (size int64, err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, fmt.Errorf("creating the file of records: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out := bufio.NewWriterSize(file, writeBuffer)
	var line []byte
	for i := range n {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		line = s.AppendRecord(line[:0], i)
		size += int64(len(line))
		if _, err := out.Write(line); err != nil {
			return 0, fmt.Errorf("writing record %d: %w", i+1, err)
		}
	}
	if err := out.Flush(); err != nil {
		return 0, fmt.Errorf("writing the last records: %w", err)
	}
	return size, nil
}
