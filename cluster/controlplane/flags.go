package controlplane

import (
	"github.com/spf13/pflag"
	"k8s.io/component-base/cli/flag"
)

func parse(name string, sets flag.NamedFlagSets, arguments []string) error {
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	for _, set := range sets.FlagSets {
		flags.AddFlagSet(set)
	}
	return flags.Parse(arguments)
}
