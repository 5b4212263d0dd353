package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
)

const (
	startTimeout     = 3 * time.Minute
	queriesPerSecond = 500
	queryBurst       = 1000
	// Set in a process that has a mount namespace of its own already.
	ownMounts = "TRAINYARD_CLUSTER_OWN_MOUNTS"
)

func run(arguments []string) error {
	chosen, err := parseSettings(arguments)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := unshareMounts(chosen); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if chosen.stopWithInput {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}
	made := &cluster{settings: chosen, begun: time.Now(), failures: make(chan error, 16)}
	starting, cancel := context.WithTimeout(ctx, startTimeout)
	err = made.start(ctx, starting)
	cancel()
	if err == nil {
		fmt.Println("READY", made.kubeconfig)
		select {
		case <-ctx.Done():
		case err = <-made.failures:
		}
	}
	stop()
	made.stop()
	return err
}

// unshareMounts begins this program again in a mount namespace of its own, so that the kernel takes every mount of the host
// node away with it, however it ends. A namespace belongs to a thread; the exec makes this thread the only one.
func unshareMounts(chosen settings) error {
	if chosen.hostNode == "" || os.Geteuid() != 0 || os.Getenv(ownMounts) != "" {
		return nil
	}
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
		return fmt.Errorf("a mount namespace for the host node (start without it: --host-node ''): %w", err)
	}
	// What is mounted on the machine later is seen here too, but not the other way round.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SLAVE, ""); err != nil {
		return err
	}
	return syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), ownMounts+"=1"))
}

func logTo(out io.Writer, verbosity int) {
	flags := flag.NewFlagSet("klog", flag.PanicOnError)
	klog.InitFlags(flags)
	_ = flags.Parse([]string{"-logtostderr=false", "-alsologtostderr=false", "-stderrthreshold=FATAL", "-v=" + strconv.Itoa(verbosity)})
	klog.SetOutput(out)
	ctrl.SetLogger(klog.NewKlogr())
}
