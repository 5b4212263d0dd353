package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"io.trainyard/cluster/fakenodes"
	"io.trainyard/cluster/operators"
)

type settings struct {
	folder        string
	keep          bool
	port          int
	size          fakenodes.Size
	operators     []string
	hostNode      string
	hostTainted   bool
	images        string
	rotationBytes int64
	stopWithInput bool
	audit         string
	verbosity     int
}

func parseSettings(arguments []string) (settings, error) {
	var chosen settings
	flags := flag.NewFlagSet("cluster run", flag.ContinueOnError)
	flags.StringVar(&chosen.folder, "dir", "", "data `folder`; wiped unless --keep")
	flags.BoolVar(&chosen.keep, "keep", false, "go on with what the folder holds: same objects, ports and certificates")
	flags.IntVar(&chosen.port, "port", 0, "port of the API server; 0 picks one")
	flags.IntVar(&chosen.size.Nodes, "nodes", 4, "KWOK nodes")
	flags.Int64Var(&chosen.size.GPUs, "gpus", 8, "GPUs of each KWOK node")
	flags.Int64Var(&chosen.size.Pods, "pods", 2000, "pods that each KWOK node takes")
	names := flags.String("operators", strings.Join(operators.Names, ","), "operators to run; their definitions are always there")
	flags.StringVar(&chosen.hostNode, "host-node", "host-0", "name of the node whose pods are processes (needs root); empty for none")
	flags.BoolVar(&chosen.hostTainted, "host-tainted", true, "keep pods off the host node that do not tolerate it")
	flags.StringVar(&chosen.images, "images", "", "YAML `file` that says what images mean on the host node")
	flags.Int64Var(&chosen.rotationBytes, "log-rotation-bytes", 0, "size at which a log on the host node starts anew; 0 is 10 MiB")
	flags.BoolVar(&chosen.stopWithInput, "stop-with-input", false, "stop when standard input ends, so that nothing outlives who started it")
	flags.StringVar(&chosen.audit, "audit", "", "`file` that gets a JSON line for each answered request: who asked, with what program, for what")
	flags.IntVar(&chosen.verbosity, "v", 0, "verbosity of components.log")
	if err := flags.Parse(arguments); err != nil {
		return chosen, err
	}
	if flags.NArg() > 0 {
		return chosen, fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	if chosen.folder == "" {
		return chosen, errors.New("--dir is required: the folder for the cluster's data")
	}
	for name := range strings.SplitSeq(*names, ",") {
		if name == "" {
			continue
		}
		if !slices.Contains(operators.Names, name) {
			return chosen, fmt.Errorf("--operators: %q is none of %v", name, operators.Names)
		}
		chosen.operators = append(chosen.operators, name)
	}
	var err error
	if chosen.folder, err = filepath.Abs(chosen.folder); err != nil {
		return chosen, err
	}
	if chosen.audit != "" {
		chosen.audit, err = filepath.Abs(chosen.audit)
	}
	return chosen, err
}

// ports gives every listener of the cluster a port, and the same one again when the folder is kept: kubeconfigs and
// webhook configurations hold them.
type ports struct {
	mutex sync.Mutex
	file  string
	Given map[string]int
}

func openPorts(folder string) (*ports, error) {
	opened := &ports{file: filepath.Join(folder, "ports.json"), Given: map[string]int{}}
	content, err := os.ReadFile(opened.file)
	if errors.Is(err, fs.ErrNotExist) {
		return opened, nil
	}
	if err != nil {
		return nil, err
	}
	return opened, json.Unmarshal(content, &opened.Given)
}

func (given *ports) port(name string) (int, error) {
	given.mutex.Lock()
	defer given.mutex.Unlock()
	if port, known := given.Given[name]; known {
		return port, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		return 0, err
	}
	return port, given.set(name, port)
}

func (given *ports) choose(name string, port int) error {
	given.mutex.Lock()
	defer given.mutex.Unlock()
	return given.set(name, port)
}

func (given *ports) set(name string, port int) error {
	given.Given[name] = port
	content, err := json.Marshal(given.Given)
	if err != nil {
		return err
	}
	return os.WriteFile(given.file, content, 0o600)
}
