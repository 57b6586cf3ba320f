package process

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// startTied starts the command so that the kernel signals it when this process ends in any way. The
// kernel does that when the thread that started the child ends, so all children are started by one
// thread that lives as long as this process.
func startTied(cmd *exec.Cmd, lost syscall.Signal) (release func(), err error) {
	cmd.SysProcAttr.Pdeathsig = lost
	started := make(chan error, 1)
	parentThread() <- func() { started <- cmd.Start() }
	return func() {}, <-started
}

var parentThread = sync.OnceValue(func() chan<- func() {
	starts := make(chan func())
	go func() {
		runtime.LockOSThread() // never unlocked, so that the thread is used for nothing else
		for start := range starts {
			start()
		}
	}()
	return starts
})
