package datadir

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// unprivilegedID is the conventional id of an unprivileged user and of its group.
const unprivilegedID = 65534

// serverAccount returns the account for servers that root starts, because Postgres refuses to run as
// root: the user postgres if it exists, otherwise an unprivileged one. For other users it returns nil: their
// servers run under their own account.
func serverAccount() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	found, err := user.Lookup("postgres")
	if err != nil {
		return &syscall.Credential{Uid: unprivilegedID, Gid: unprivilegedID}
	}
	uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
	if uidErr != nil || gidErr != nil {
		return &syscall.Credential{Uid: unprivilegedID, Gid: unprivilegedID}
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// ownerOf returns the account that a server needs to use the folder: for root the folder's owner, for
// the owner itself nil. It returns an error if the folder belongs to another user.
func ownerOf(path string) (*syscall.Credential, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, fmt.Errorf("reading the owner of %s: not supported on this system", path)
	}
	switch euid := os.Geteuid(); {
	case euid == 0 && stat.Uid == 0:
		return serverAccount(), nil
	case euid == 0:
		return &syscall.Credential{Uid: stat.Uid, Gid: stat.Gid}, nil
	case euid == int(stat.Uid):
		return nil, nil
	default:
		return nil, fmt.Errorf("%s belongs to user %d, and this is user %d: run as that user, or set %s to a folder of your own",
			path, stat.Uid, euid, Variable)
	}
}
