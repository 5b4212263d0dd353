package main

import (
	"os"

	"io.trainyard/cluster/fakenodes"
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

// kubectl is the real one, from the same module as the API server: nobody has to install it, and its version fits.
func kubectl(arguments []string) error {
	os.Args = append([]string{"kubectl"}, arguments...)
	util.CheckErr(cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()))
	return nil
}

func printStages() error {
	stages, err := fakenodes.Stages()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(stages)
	return err
}
