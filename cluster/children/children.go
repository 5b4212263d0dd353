// Package children starts processes that die with us, however we die.
package children

import (
	"os/exec"
	"runtime"
	"syscall"
)

// Start starts the command and hands the result of Wait to the channel. The kernel kills the child when the *thread* that
// started it ends, so one thread is held until the child is gone; without that a child may be killed at any time.
func Start(command *exec.Cmd) (<-chan error, error) {
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started := make(chan error)
	ended := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			ended <- command.Wait()
		}
	}()
	return ended, <-started
}

// Exit turns what Wait answered into an exit code as a shell counts it: 128 and the signal where a signal ended it.
func Exit(err error, command *exec.Cmd) int {
	state := command.ProcessState
	if state == nil {
		return 128
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
