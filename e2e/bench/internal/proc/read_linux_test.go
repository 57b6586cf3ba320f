package proc_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/bench/internal/proc"
)

func TestReadThisProcess(t *testing.T) {
	t.Parallel()
	memory, err := proc.ReadMemory(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if memory.Resident < 1<<20 || memory.Peak < memory.Resident/2 {
		t.Errorf("the memory of this test is said to be %+v", memory)
	}
	if _, err := proc.ReadCPU(os.Getpid()); err != nil {
		t.Error(err)
	}
}

func TestWatchSeesAPeakBetweenItsLooks(t *testing.T) {
	t.Parallel()
	watch, err := proc.Start([]int{os.Getpid()})
	if err != nil {
		t.Fatal(err)
	}
	before, err := proc.ReadMemory(os.Getpid())
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
	uses, err := watch.Stop()
	if err != nil {
		t.Fatal(err)
	}
	if grown := uses[0].Peak - before.Resident; grown < size/2 {
		t.Errorf("%d bytes were written to, and the peak grew by %d", size, grown)
	}
}

func TestWatchOfAnUnknownProcess(t *testing.T) {
	t.Parallel()
	if _, err := proc.Start([]int{1 << 30}); err == nil {
		t.Error("a process that does not exist was watched")
	}
}

func TestBusyIsAShare(t *testing.T) {
	t.Parallel()
	busy, err := proc.Busy(t.Context(), 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if busy < 0 || busy > 1 {
		t.Errorf("the processors were busy for %v of the time", busy)
	}
}
