// Package proc reads what processes take of the machine from Linux's /proc (proc(5)).
package proc

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// Memory is resident memory in bytes.
type Memory struct {
	Resident int64 // VmRSS: now
	Peak     int64 // VmHWM: the most since the process started, or since ResetPeak
}

// ReadMemory reads the memory of a process.
func ReadMemory(pid int) (Memory, error) {
	status, err := os.ReadFile(path(pid, "status"))
	if err != nil {
		return Memory{}, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	memory, err := parseMemory(status)
	if err != nil {
		return Memory{}, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	return memory, nil
}

// ResetPeak lets the peak begin anew at what is resident now.
func ResetPeak(pid int) error {
	if err := os.WriteFile(path(pid, "clear_refs"), []byte("5"), 0); err != nil {
		return fmt.Errorf("resetting the memory peak of process %d: %w", pid, err)
	}
	return nil
}

// ReadCPU reads the processor time that a process has used so far, in user and kernel mode.
func ReadCPU(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(path(pid, "stat"))
	if err != nil {
		return 0, fmt.Errorf("reading the processor time of process %d: %w", pid, err)
	}
	used, err := parseCPU(stat)
	if err != nil {
		return 0, fmt.Errorf("reading the processor time of process %d: %w", pid, err)
	}
	return used, nil
}

func path(pid int, name string) string { return "/proc/" + strconv.Itoa(pid) + "/" + name }

func parseMemory(status []byte) (memory Memory, err error) {
	if memory.Resident, err = kilobytes(status, "VmRSS:"); err != nil {
		return Memory{}, err
	}
	if memory.Peak, err = kilobytes(status, "VmHWM:"); err != nil {
		return Memory{}, err
	}
	return memory, nil
}

// kilobytes reads a line such as "VmRSS:	   21504 kB" and returns bytes.
func kilobytes(status []byte, name string) (int64, error) {
	for line := range bytes.Lines(status) {
		fields := bytes.Fields(line)
		if len(fields) != 3 || string(fields[0]) != name || string(fields[2]) != "kB" {
			continue
		}
		value, err := strconv.ParseInt(string(fields[1]), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading %s: %w", name, err)
		}
		return value << 10, nil
	}
	return 0, fmt.Errorf("there is no %s: the process has ended", name)
}

const (
	// tick is the unit of processor times in /proc: USER_HZ, which is 100 on every architecture that Go runs on.
	tick = 10 * time.Millisecond
	// The places of utime and stime behind the program's name, whose last character is the closing bracket.
	userField, kernelField = 11, 12
)

func parseCPU(stat []byte) (time.Duration, error) {
	_, rest, found := bytes.Cut(stat[max(bytes.LastIndexByte(stat, ')'), 0):], []byte(")"))
	fields := bytes.Fields(rest)
	if !found || len(fields) <= kernelField {
		return 0, fmt.Errorf("%q is no line of /proc/pid/stat", stat)
	}
	var ticks int64
	for _, at := range []int{userField, kernelField} {
		value, err := strconv.ParseInt(string(fields[at]), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading field %d: %w", at, err)
		}
		ticks += value
	}
	return time.Duration(ticks) * tick, nil
}
