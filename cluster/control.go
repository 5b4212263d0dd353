package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const controlTimeout = time.Minute

func controlSocket(folder string) string { return filepath.Join(folder, "control.sock") }

// serveControl takes the words of `cluster api` at a socket in the data folder.
func serveControl(ctx context.Context, folder string, server *apiServer) error {
	_ = os.Remove(controlSocket(folder))
	listener, err := net.Listen("unix", controlSocket(folder))
	if err != nil {
		return err
	}
	routes := http.NewServeMux()
	routes.HandleFunc("POST /api/{verb}", func(answer http.ResponseWriter, request *http.Request) {
		var err error
		switch verb := request.PathValue("verb"); verb {
		case "stop":
			err = server.stop(syscall.SIGTERM)
		case "kill":
			err = server.stop(syscall.SIGKILL)
		case "start":
			starting, cancel := context.WithTimeout(ctx, controlTimeout)
			err = server.start(starting)
			cancel()
		default:
			err = fmt.Errorf("unknown verb %q: say stop, kill or start", verb)
		}
		if err != nil {
			http.Error(answer, err.Error(), http.StatusConflict)
		}
	})
	control := &http.Server{Handler: routes, ReadHeaderTimeout: controlTimeout}
	go func() { _ = control.Serve(listener) }()
	go func() {
		<-ctx.Done()
		_ = control.Close()
	}()
	return nil
}

// control is `cluster api VERB --dir FOLDER`; it returns when what it asked for is done.
func control(arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("say stop, kill or start")
	}
	flags := flag.NewFlagSet("cluster api", flag.ContinueOnError)
	folder := flags.String("dir", "", "data folder of the running cluster")
	if err := flags.Parse(arguments[1:]); err != nil {
		return err
	}
	client := &http.Client{Timeout: 2 * controlTimeout, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", controlSocket(*folder))
		},
	}}
	answer, err := client.Post("http://cluster/api/"+arguments[0], "text/plain", nil)
	if err != nil {
		return fmt.Errorf("no cluster answers at %s: %w", controlSocket(*folder), err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		problem, _ := io.ReadAll(answer.Body)
		return errors.New(strings.TrimSpace(string(problem)))
	}
	return nil
}
