package datadir

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// nobody is the account of last resort, which by convention exists everywhere and owns nothing.
const nobody = 65534

// forServers returns the account for servers that root starts: postgres where there is one, else nobody. Everybody else
// runs servers under their own account, for which the answer is nil.
func forServers() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	found, err := user.Lookup("postgres")
	if err != nil {
		return &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
	if uidErr != nil || gidErr != nil {
		return &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// ownerOf returns the account that a server must run under to use the folder: its owner when root asks, else nil. A
// folder of somebody else is an error.
func ownerOf(folder string) (*syscall.Credential, error) {
	info, err := os.Stat(folder)
	if err != nil {
		return nil, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, fmt.Errorf("reading the owner of %s: not supported here", folder)
	}
	switch me := os.Geteuid(); {
	case me == 0 && stat.Uid == 0:
		return forServers(), nil
	case me == 0:
		return &syscall.Credential{Uid: stat.Uid, Gid: stat.Gid}, nil
	case me == int(stat.Uid):
		return nil, nil
	default:
		return nil, fmt.Errorf("%s belongs to user %d, and this is user %d: run as that user, or set LONGSHORE_HOME to a folder of your own",
			folder, stat.Uid, me)
	}
}
