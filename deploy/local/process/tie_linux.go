package process

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// startTied starts the command so that the kernel signals it when this process dies, however it dies. The kernel takes
// the death of the starting thread for the death of the parent, hence all children are started by one thread that
// lives as long as this process.
func startTied(cmd *exec.Cmd, lost syscall.Signal) (release func(), err error) {
	cmd.SysProcAttr.Pdeathsig = lost
	started := make(chan error, 1)
	immortalThread() <- func() { started <- cmd.Start() }
	return func() {}, <-started
}

var immortalThread = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread stays this goroutine's own
		for do := range work {
			do()
		}
	}()
	return work
})
