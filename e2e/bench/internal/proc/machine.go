package proc

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"
)

// Busy observes the machine for a time and returns which share of all its processors was in use, from 0 to 1.
func Busy(ctx context.Context, observed time.Duration) (float64, error) {
	before, err := readMachine()
	if err != nil {
		return 0, err
	}
	timer := time.NewTimer(observed)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	after, err := readMachine()
	if err != nil {
		return 0, err
	}
	return after.busySince(before), nil
}

// machine is what all processors have done since the start, in ticks.
type machine struct{ idle, total int64 }

func (m machine) busySince(earlier machine) float64 {
	total := m.total - earlier.total
	if total <= 0 {
		return 0
	}
	return 1 - float64(m.idle-earlier.idle)/float64(total)
}

func readMachine() (machine, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return machine{}, fmt.Errorf("reading the use of the processors: %w", err)
	}
	return parseMachine(stat)
}

// The fields of the line "cpu": user, nice, system, idle, iowait, irq, softirq, steal. The two behind them are in user and
// nice already.
const (
	idleField, waitField = 3, 4
	machineFields        = 8
)

func parseMachine(stat []byte) (m machine, err error) {
	line, _, _ := bytes.Cut(stat, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) < 1+machineFields || string(fields[0]) != "cpu" {
		return machine{}, fmt.Errorf("%q is not the first line of /proc/stat", line)
	}
	for n, field := range fields[1 : 1+machineFields] {
		ticks, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return machine{}, fmt.Errorf("reading /proc/stat: %w", err)
		}
		m.total += ticks
		if n == idleField || n == waitField {
			m.idle += ticks
		}
	}
	return m, nil
}
