package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"io.trainyard/cluster/certificates"
	"io.trainyard/cluster/children"
	"io.trainyard/cluster/controlplane"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

const (
	apiServerCommand = "__apiserver"
	readyPoll        = 50 * time.Millisecond
	// An API server that takes leave waits for its watches, which nobody ends while the cluster lives on.
	stopTimeout = 3 * time.Second
)

// serveAPI is the child process that is the API server.
func serveAPI(arguments []string) error {
	flags := flag.NewFlagSet(apiServerCommand, flag.ContinueOnError)
	folder := flags.String("certificates", "", "")
	port := flags.Int("port", 0, "")
	etcdPort := flags.Int("etcd-port", 0, "")
	audit := flags.String("audit", "", "")
	verbosity := flags.Int("v", 0, "")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	logTo(os.Stderr, *verbosity)
	authority, err := certificates.Open(*folder)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	defer klog.Flush()
	return controlplane.RunAPIServer(ctx, authority, *port, *etcdPort, *audit)
}

// apiServer is a process of its own, so that it alone can be stopped, killed and started while the rest of the cluster
// lives on, as it happens to real ones.
type apiServer struct {
	arguments []string
	log       *os.File
	client    func() (*rest.RESTClient, error)
	fail      func(error)

	mutex   sync.Mutex
	command *exec.Cmd
	ended   chan struct{}
	wanted  bool
}

// start returns when the server answers that it is ready.
func (server *apiServer) start(ctx context.Context) error {
	server.mutex.Lock()
	defer server.mutex.Unlock()
	if server.wanted {
		return errors.New("the API server runs already")
	}
	command := exec.Command("/proc/self/exe", server.arguments...)
	command.Stdout, command.Stderr = server.log, server.log
	// Its own group, so that ^C at a terminal reaches only us: it must outlive its clients.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	waited, err := children.Start(command)
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	server.command, server.ended, server.wanted = command, ended, true
	go func() {
		err := <-waited
		close(ended)
		server.mutex.Lock()
		unexpected := server.wanted && server.command == command
		server.mutex.Unlock()
		if unexpected {
			server.fail(fmt.Errorf("kube-apiserver ended: %v; see components.log", err))
		}
	}()
	return server.waitReady(ctx, ended)
}

func (server *apiServer) waitReady(ctx context.Context, ended <-chan struct{}) error {
	client, err := server.client()
	if err != nil {
		return err
	}
	for {
		body, err := client.Get().AbsPath("/readyz").DoRaw(ctx)
		if err == nil && string(body) == "ok" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the API server is not ready: %s %w", body, errors.Join(err, ctx.Err()))
		case <-ended:
			return errors.New("the API server ended at its start; see components.log")
		case <-time.After(readyPoll):
		}
	}
}

// stop returns when the process is gone. A server that is stopped already stays so.
func (server *apiServer) stop(signal syscall.Signal) error {
	server.mutex.Lock()
	defer server.mutex.Unlock()
	if !server.wanted {
		return nil
	}
	server.wanted = false
	if err := server.command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-server.ended:
		return nil
	case <-time.After(stopTimeout):
	}
	if err := server.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-server.ended
	return nil
}

func (made *cluster) apiServerArguments(etcdPort int) []string {
	return []string{
		apiServerCommand, "--certificates", made.authority.Path("."), "--port", strconv.Itoa(made.port),
		"--etcd-port", strconv.Itoa(etcdPort), "--audit", made.audit, "--v", strconv.Itoa(made.verbosity),
	}
}
