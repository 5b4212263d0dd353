package operators

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"io.trainyard/cluster/manifests"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/discovery"
	ctrl "sigs.k8s.io/controller-runtime"
	configapi "sigs.k8s.io/kueue/apis/config/v1beta1"
	alpha "sigs.k8s.io/kueue/apis/kueue/v1alpha1"
	beta "sigs.k8s.io/kueue/apis/kueue/v1beta1"
	"sigs.k8s.io/kueue/pkg/cache"
	"sigs.k8s.io/kueue/pkg/config"
	"sigs.k8s.io/kueue/pkg/constants"
	"sigs.k8s.io/kueue/pkg/controller/core"
	"sigs.k8s.io/kueue/pkg/controller/core/indexer"
	"sigs.k8s.io/kueue/pkg/controller/jobframework"
	_ "sigs.k8s.io/kueue/pkg/controller/jobs" // registers the kinds that Kueue knows
	"sigs.k8s.io/kueue/pkg/queue"
	"sigs.k8s.io/kueue/pkg/scheduler"
	"sigs.k8s.io/kueue/pkg/util/kubeversion"
	"sigs.k8s.io/kueue/pkg/webhooks"
)

const kueueConfiguration = `apiVersion: config.kueue.x-k8s.io/v1beta1
kind: Configuration
namespace: kueue-system
internalCertManagement: {enable: false}
leaderElection: {leaderElect: false}
clientConnection: {qps: 500, burst: 1000}
controller:
  groupKindConcurrency:
    Job.batch: 5
    Workload.kueue.x-k8s.io: 5
    LocalQueue.kueue.x-k8s.io: 1
    ClusterQueue.kueue.x-k8s.io: 1
    ResourceFlavor.kueue.x-k8s.io: 1
integrations:
  frameworks: ["batch/job", "jobset.x-k8s.io/jobset", "kubeflow.org/pytorchjob", "trainer.kubeflow.org/trainjob"]
`

var kueueWebhookPaths = []string{
	"batch-v1-job", "v1alpha2-jobset", "v1-pytorchjob",
	"v1beta1-clusterqueue", "v1beta1-resourceflavor", "v1beta1-workload", "v1alpha1-cohort",
}

func (host Host) kueue(ctx context.Context, port int) (*operator, error) {
	scheme := newScheme(beta.AddToScheme, alpha.AddToScheme, configapi.AddToScheme)
	if err := jobframework.ForEachIntegration(func(_ string, callbacks jobframework.IntegrationCallbacks) error {
		if callbacks.AddToScheme == nil {
			return nil
		}
		return callbacks.AddToScheme(scheme)
	}); err != nil {
		return nil, err
	}
	options, configuration, err := host.kueueOptions(scheme)
	if err != nil {
		return nil, err
	}
	manager, err := host.manager(scheme, port, options)
	if err != nil {
		return nil, err
	}
	workloads := cache.New(manager.GetClient())
	queues := queue.NewManager(manager.GetClient(), workloads)
	if err := indexer.Setup(ctx, manager.GetFieldIndexer()); err != nil {
		return nil, err
	}
	frameworks := jobframework.WithEnabledFrameworks(configuration.Integrations.Frameworks)
	if err := jobframework.SetupIndexes(ctx, manager.GetFieldIndexer(), frameworks); err != nil {
		return nil, err
	}
	if err := host.kueueControllers(ctx, manager, queues, workloads, &configuration); err != nil {
		return nil, err
	}
	go queues.CleanUpOnContext(ctx)
	go workloads.CleanUpOnContext(ctx)
	admission := scheduler.New(queues, workloads, manager.GetClient(), manager.GetEventRecorderFor(constants.AdmissionName),
		scheduler.WithPodsReadyRequeuingTimestamp(configapi.EvictionTimestamp),
		scheduler.WithFairSharing(configuration.FairSharing))
	if err := manager.Add(admission); err != nil {
		return nil, err
	}
	visibilityPort, err := host.Port("kueue-visibility")
	if err != nil {
		return nil, err
	}
	if err := host.startVisibility(ctx, queues, visibilityPort); err != nil {
		return nil, err
	}
	return &operator{name: "kueue", manager: manager, webhookPaths: kueueWebhookPaths, alsoWebhooks: []manifests.AlsoWebhook{{
		Like: "-kubeflow-org-v1-pytorchjob", Ending: "-trainer-kubeflow-org-v1alpha1-trainjob",
		Group: trainJobKind.Group, Version: trainJobKind.Version, Resource: "trainjobs",
	}}}, nil
}

func (host Host) kueueOptions(scheme *runtime.Scheme) (ctrl.Options, configapi.Configuration, error) {
	file := filepath.Join(host.Folder, "kueue.yaml")
	if err := os.WriteFile(file, []byte(kueueConfiguration), 0o600); err != nil {
		return ctrl.Options{}, configapi.Configuration{}, err
	}
	return config.Load(scheme, file)
}

func (host Host) kueueControllers(
	ctx context.Context, manager ctrl.Manager, queues *queue.Manager, workloads *cache.Cache, configuration *configapi.Configuration,
) error {
	client, err := discovery.NewDiscoveryClientForConfig(host.Config)
	if err != nil {
		return err
	}
	version := kubeversion.NewServerVersionFetcher(client)
	if err := version.FetchServerVersion(); err != nil {
		return err
	}
	if name, err := core.SetupControllers(manager, queues, workloads, configuration); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if name, err := webhooks.Setup(manager); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return jobframework.SetupControllers(ctx, manager, ctrl.Log.WithName("kueue"),
		jobframework.WithManageJobsWithoutQueueName(configuration.ManageJobsWithoutQueueName),
		jobframework.WithKubeServerVersion(version),
		jobframework.WithEnabledFrameworks(configuration.Integrations.Frameworks),
		jobframework.WithManagerName(constants.KueueName),
		jobframework.WithCache(workloads), jobframework.WithQueues(queues))
}
