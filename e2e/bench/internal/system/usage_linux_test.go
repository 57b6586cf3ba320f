package system

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/procfs"
)

// TestWatchMeasuresPeak: the peak between two samples is measured, too.
func TestWatchMeasuresPeak(t *testing.T) {
	t.Parallel()
	before, _, err := memory(os.Getpid())
	if err != nil || before < 1<<20 {
		t.Fatalf("memory() = %d, %v, want more than a MiB", before, err)
	}
	watch, err := StartWatch([]int{os.Getpid()})
	if err != nil {
		t.Fatal(err)
	}
	const size = 64 << 20
	block, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < size; i += os.Getpagesize() {
		block[i] = 1
	}
	if err := syscall.Munmap(block); err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; { // processor time of five ticks
	}
	usages, err := watch.Stop()
	if err != nil {
		t.Fatal(err)
	}
	if growth := usages[0].Peak - before; growth < size/2 {
		t.Errorf("growth = %d, want at least %d of the %d bytes written", growth, size/2, size)
	}
	if used := usages[0].CPU; used <= 0 || used > time.Minute {
		t.Errorf("CPU = %v, want some milliseconds", used)
	}
	if _, err := StartWatch([]int{1 << 30}); err == nil {
		t.Error("StartWatch() of a process that does not exist = nil, want an error")
	}
}

func TestBusyShare(t *testing.T) {
	t.Parallel()
	before := procfs.CPUStat{User: 100, System: 50, Idle: 800, Iowait: 50, Guest: 7}
	after := procfs.CPUStat{User: 120, System: 55, Idle: 860, Iowait: 60, IRQ: 3, SoftIRQ: 2, Guest: 9}
	if got := busyShare(before, after); got < 0.299 || got > 0.301 {
		t.Errorf("busyShare() = %v, want 0.3", got)
	}
	if got := busyShare(before, before); got != 0 {
		t.Errorf("busyShare() of no time = %v, want 0", got)
	}
	if got, err := BusyShare(t.Context(), 50*time.Millisecond); err != nil || got < 0 || got > 1 {
		t.Errorf("BusyShare() = %v, %v, want a share", got, err)
	}
}
