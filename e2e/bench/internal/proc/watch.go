package proc

import (
	"errors"
	"time"
)

// interval is how often a Watch looks.
const interval = 100 * time.Millisecond

// Use is what a process took between the start and the end of a Watch.
type Use struct {
	Peak int64         // the most resident bytes
	CPU  time.Duration // the processor time
}

// Watch observes processes until it is stopped.
type Watch struct {
	pids  []int
	begun []time.Duration
	peaks []int64
	exact []bool // the kernel keeps the peak since the start
	stop  chan struct{}
	done  chan error
}

// Start begins to watch the processes.
func Start(pids []int) (*Watch, error) {
	w := &Watch{
		pids: pids, begun: make([]time.Duration, len(pids)), peaks: make([]int64, len(pids)), exact: make([]bool, len(pids)),
		stop: make(chan struct{}), done: make(chan error, 1),
	}
	for i, pid := range pids {
		w.exact[i] = ResetPeak(pid) == nil // not every container allows it: then the samples have to do
		used, err := ReadCPU(pid)
		if err != nil {
			return nil, err
		}
		w.begun[i] = used
	}
	go func() { w.done <- w.sample() }()
	return w, nil
}

func (w *Watch) sample() error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := w.look(); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-w.stop:
			return w.look()
		}
	}
}

func (w *Watch) look() error {
	for i, pid := range w.pids {
		memory, err := ReadMemory(pid)
		if err != nil {
			return err
		}
		w.peaks[i] = max(w.peaks[i], memory.Resident)
		if w.exact[i] {
			w.peaks[i] = max(w.peaks[i], memory.Peak)
		}
	}
	return nil
}

// Stop ends the watch and returns what each process took, in the order of Start.
func (w *Watch) Stop() ([]Use, error) {
	close(w.stop)
	err := <-w.done
	uses := make([]Use, len(w.pids))
	for i, pid := range w.pids {
		used, cpuErr := ReadCPU(pid)
		err = errors.Join(err, cpuErr)
		uses[i] = Use{Peak: w.peaks[i], CPU: used - w.begun[i]}
	}
	return uses, err
}
