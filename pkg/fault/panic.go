package fault

import (
	"fmt"
	"runtime/debug"
)

// PanicError is a panic that CatchPanic converted into an error.
type PanicError struct {
	Value any
	Stack []byte
}

// Error returns the value and the stack, for the log.
func (p *PanicError) Error() string { return fmt.Sprintf("panic: %v\n%s", p.Value, p.Stack) }

// Unwrap returns the value if it is an error.
func (p *PanicError) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// CatchPanic calls work and returns its error, or a PanicError if it panics, so that one defect
// does not end the whole process.
func CatchPanic(work func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{v, debug.Stack()}
		}
	}()
	return work()
}
