package session

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// setUserTimeout lets the kernel close a connection whose data is not acknowledged in time. Without
// it the kernel tries for about 15 minutes.
func setUserTimeout(network, _ string, raw syscall.RawConn) error {
	if network == "unix" {
		return nil
	}
	var err error
	controlErr := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(unacknowledgedTimeout.Milliseconds()))
	})
	if controlErr != nil {
		return controlErr
	}
	return err
}
