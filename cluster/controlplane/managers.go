package controlplane

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"io.trainyard/cluster/certificates"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	controlleroptions "k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	scheduleroptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
)

// What needs no cloud, no volumes and no addresses: an EndpointSlice refuses those of pods on the host node.
var controllerNames = []string{
	"job-controller", "cronjob-controller", "ttl-after-finished-controller", "garbage-collector-controller",
	"namespace-controller", "serviceaccount-controller", "serviceaccount-token-controller",
	"root-ca-certificate-publisher-controller", "pod-garbage-collector-controller", "resourcequota-controller",
	"disruption-controller", "deployment-controller", "replicaset-controller", "statefulset-controller",
	"node-lifecycle-controller", "taint-eviction-controller",
}

// RunControllerManager runs until the context ends.
func RunControllerManager(ctx context.Context, authority *certificates.Authority, kubeconfig string) error {
	options, err := controlleroptions.NewKubeControllerManagerOptions()
	if err != nil {
		return err
	}
	known, disabled, aliases := controllers.KnownControllers(), controllers.ControllersDisabledByDefault(), controllers.ControllerAliases()
	if err := parse("kube-controller-manager", options.Flags(known, disabled, aliases), []string{
		"--kubeconfig=" + kubeconfig, "--leader-elect=false", "--secure-port=0",
		"--service-account-private-key-file=" + authority.Path("service-accounts.key"),
		"--root-ca-file=" + authority.Path("ca.crt"),
		"--controllers=" + strings.Join(controllerNames, ","),
		"--kube-api-qps=1000", "--kube-api-burst=2000", "--concurrent-job-syncs=20", "--concurrent-gc-syncs=20",
		"--concurrent-ttl-after-finished-syncs=10",
		"--profiling=false",
	}); err != nil {
		return err
	}
	config, err := options.Config(known, disabled, aliases)
	if err != nil {
		return err
	}
	return controllers.Run(ctx, config.Complete())
}

// A short back-off, because a test waits for what a person would not notice.
const schedulerConfiguration = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection: {leaderElect: false}
clientConnection: {kubeconfig: %q, qps: 1000, burst: 2000}
podInitialBackoffSeconds: 1
podMaxBackoffSeconds: 2
`

// RunScheduler runs until the context ends; its configuration lies in folder.
func RunScheduler(ctx context.Context, folder, kubeconfig string) error {
	file := filepath.Join(folder, "scheduler.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, schedulerConfiguration, kubeconfig), 0o600); err != nil {
		return err
	}
	options := scheduleroptions.NewOptions()
	if err := parse("kube-scheduler", *options.Flags, []string{"--config=" + file, "--secure-port=0"}); err != nil {
		return err
	}
	config, instance, err := scheduler.Setup(ctx, options)
	if err != nil {
		return err
	}
	return scheduler.Run(ctx, config, instance)
}
