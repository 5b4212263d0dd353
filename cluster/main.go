// Command cluster is a whole Kubernetes in one program, for integration tests: etcd, kube-apiserver,
// kube-controller-manager, kube-scheduler, KWOK nodes, the real controllers of JobSet, Kubeflow Trainer, the training
// operator and Kueue, and a node whose pods are processes of this machine. README.md says how to use it.
package main

import (
	"fmt"
	"os"

	"io.trainyard/cluster/gates"
	"io.trainyard/cluster/hostnode"
)

const usage = `cluster COMMAND
  run --dir FOLDER [FLAGS]      runs a cluster until SIGTERM; prints READY and the path of its kubeconfig
  api stop|kill|start --dir F   takes the API server of a running cluster away, and brings it back
  kubectl ARGS                  kubectl, against $KUBECONFIG
  stages                        prints the stages of pods on KWOK nodes
`

func main() {
	gates.Restore()
	command := ""
	if len(os.Args) > 1 {
		command = os.Args[1]
	}
	var err error
	switch command {
	case hostnode.InsideCommand:
		hostnode.Inside()
	case apiServerCommand:
		err = serveAPI(os.Args[2:])
	case "run":
		err = run(os.Args[2:])
	case "api":
		err = control(os.Args[2:])
	case "kubectl":
		err = kubectl(os.Args[2:])
	case "stages":
		err = printStages()
	default:
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}
