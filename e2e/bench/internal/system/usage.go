package system

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/montanaflynn/stats"
	"github.com/prometheus/procfs"
)

const (
	// sampleInterval is the time between two readings of the memory.
	sampleInterval = 100 * time.Millisecond
	// settledSamples are the readings of ResidentMemory: one second.
	settledSamples = 10
)

// Usage is what a process used between the start and the end of a Watch.
type Usage struct {
	Peak int64         // the maximum of its resident memory, in bytes
	CPU  time.Duration // its processor time
}

// Watch measures the usage of processes.
type Watch struct {
	pids  []int
	cpu   []time.Duration // at the start
	peaks []int64
	exact []bool // the kernel has reset its own peak at the start
	stop  chan struct{}
	done  chan error
}

// StartWatch starts to measure the processes.
func StartWatch(pids []int) (*Watch, error) {
	w := &Watch{
		pids: pids, cpu: make([]time.Duration, len(pids)), peaks: make([]int64, len(pids)), exact: make([]bool, len(pids)),
		stop: make(chan struct{}), done: make(chan error, 1),
	}
	for i, pid := range pids {
		// 5 resets the peak (proc(5), clear_refs). Not every container allows it: then the samples must
		// do.
		w.exact[i] = os.WriteFile("/proc/"+strconv.Itoa(pid)+"/clear_refs", []byte("5"), 0) == nil
		used, err := processorTime(pid)
		if err != nil {
			return nil, err
		}
		w.cpu[i] = used
	}
	go func() { w.done <- w.run() }()
	return w, nil
}

func (w *Watch) run() error {
	ticker := time.NewTicker(sampleInterval)
	defer ticker.Stop()
	for {
		if err := w.sample(); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-w.stop:
			return w.sample()
		}
	}
}

func (w *Watch) sample() error {
	for i, pid := range w.pids {
		resident, peak, err := memory(pid)
		if err != nil {
			return err
		}
		w.peaks[i] = max(w.peaks[i], resident)
		if w.exact[i] {
			w.peaks[i] = max(w.peaks[i], peak)
		}
	}
	return nil
}

// Stop ends the measurement and returns the usage of the processes, in the order of StartWatch.
func (w *Watch) Stop() ([]Usage, error) {
	close(w.stop)
	err := <-w.done
	usages := make([]Usage, len(w.pids))
	for i, pid := range w.pids {
		used, cpuErr := processorTime(pid)
		err = errors.Join(err, cpuErr)
		usages[i] = Usage{Peak: w.peaks[i], CPU: used - w.cpu[i]}
	}
	return usages, err
}

// memory returns the resident memory of a process and its peak, in bytes.
func memory(pid int) (resident, peak int64, err error) {
	proc, err := procfs.NewProc(pid)
	if err != nil {
		return 0, 0, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	status, err := proc.NewStatus()
	if err != nil {
		return 0, 0, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	if status.VmRSS == 0 {
		return 0, 0, fmt.Errorf("reading the memory of process %d: it has exited", pid)
	}
	return int64(status.VmRSS), int64(status.VmHWM), nil //nolint:gosec // G115: the sizes of memory
}

// processorTime returns the processor time of a process so far, in user and kernel mode.
func processorTime(pid int) (time.Duration, error) {
	proc, err := procfs.NewProc(pid)
	if err != nil {
		return 0, fmt.Errorf("reading the processor time of process %d: %w", pid, err)
	}
	stat, err := proc.Stat()
	if err != nil {
		return 0, fmt.Errorf("reading the processor time of process %d: %w", pid, err)
	}
	return time.Duration(stat.CPUTime() * float64(time.Second)), nil
}

// ResidentMemory returns the resident memory of processes, in bytes: the median of one second.
func ResidentMemory(ctx context.Context, pids []int) ([]int64, error) {
	samples := make([]stats.Float64Data, len(pids))
	ticker := time.NewTicker(sampleInterval)
	defer ticker.Stop()
	for range settledSamples {
		for i, pid := range pids {
			resident, _, err := memory(pid)
			if err != nil {
				return nil, err
			}
			samples[i] = append(samples[i], float64(resident))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	medians := make([]int64, len(pids))
	for i := range samples {
		median, err := samples[i].Median()
		if err != nil {
			return nil, fmt.Errorf("computing the median of the memory: %w", err)
		}
		medians[i] = int64(median)
	}
	return medians, nil
}

// BusyShare observes the machine for a time and returns the share of all processors that was in
// use, from 0 to 1.
func BusyShare(ctx context.Context, observed time.Duration) (float64, error) {
	before, err := readProcessors()
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
	after, err := readProcessors()
	if err != nil {
		return 0, err
	}
	return busyShare(before, after), nil
}

func readProcessors() (procfs.CPUStat, error) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return procfs.CPUStat{}, fmt.Errorf("opening /proc: %w", err)
	}
	stat, err := fs.Stat()
	if err != nil {
		return procfs.CPUStat{}, fmt.Errorf("reading the use of the processors: %w", err)
	}
	return stat.CPUTotal, nil
}

func busyShare(before, after procfs.CPUStat) float64 {
	idle := func(c procfs.CPUStat) float64 { return c.Idle + c.Iowait }
	total := func(c procfs.CPUStat) float64 { // User and Nice contain Guest and GuestNice
		return c.User + c.Nice + c.System + c.IRQ + c.SoftIRQ + c.Steal + idle(c)
	}
	if total(after) <= total(before) {
		return 0
	}
	return 1 - (idle(after)-idle(before))/(total(after)-total(before))
}
