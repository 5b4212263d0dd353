package operators

import (
	"context"

	trainer "github.com/kubeflow/trainer/v2/pkg/apis/trainer/v1alpha1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	kueue "sigs.k8s.io/kueue/apis/kueue/v1beta1"
	"sigs.k8s.io/kueue/pkg/controller/jobframework"
	"sigs.k8s.io/kueue/pkg/podset"
)

// Later releases of Kueue know TrainJobs. This one is told here, by the means that it offers for kinds of others, so that
// its queues, checks and preemption can be tried with them: all but these few lines is Kueue's own.
const queuedTrainJobs = "trainer.kubeflow.org/trainjob"

var trainJobKind = trainer.GroupVersion.WithKind(trainer.TrainJobKind)

func init() {
	utilruntime.Must(jobframework.RegisterIntegration(queuedTrainJobs, jobframework.IntegrationCallbacks{
		NewJob:        newQueuedTrainJob,
		GVK:           trainJobKind,
		NewReconciler: jobframework.NewGenericReconcilerFactory(newQueuedTrainJob),
		SetupWebhook: jobframework.BaseWebhookFactory(newQueuedTrainJob(), func(object runtime.Object) jobframework.GenericJob {
			return (*queuedTrainJob)(object.(*trainer.TrainJob))
		}),
		JobType: &trainer.TrainJob{},
		SetupIndexes: func(ctx context.Context, indexer client.FieldIndexer) error {
			return jobframework.SetupWorkloadOwnerIndex(ctx, indexer, trainJobKind)
		},
		AddToScheme: trainer.AddToScheme,
	}))
}

type queuedTrainJob trainer.TrainJob

func newQueuedTrainJob() jobframework.GenericJob { return &queuedTrainJob{} }

func (job *queuedTrainJob) Object() client.Object { return (*trainer.TrainJob)(job) }

func (job *queuedTrainJob) GVK() schema.GroupVersionKind { return trainJobKind }

func (job *queuedTrainJob) IsSuspended() bool { return ptr.Deref(job.Spec.Suspend, false) }

func (job *queuedTrainJob) Suspend() { job.Spec.Suspend = ptr.To(true) }

// RunWithPodSetsInfo says nothing of nodes: the flavors of our tests have no labels.
func (job *queuedTrainJob) RunWithPodSetsInfo([]podset.PodSetInfo) error {
	job.Spec.Suspend = ptr.To(false)
	return nil
}

func (job *queuedTrainJob) RestorePodSetsInfo([]podset.PodSetInfo) bool { return false }

func (job *queuedTrainJob) Finished() (message string, success, finished bool) {
	for _, end := range []string{trainer.TrainJobComplete, trainer.TrainJobFailed} {
		if condition := meta.FindStatusCondition(job.Status.Conditions, end); condition != nil && condition.Status == "True" {
			return condition.Message, end == trainer.TrainJobComplete, true
		}
	}
	return "", false, false
}

// PodSets has what the job asks for and not what its runtime adds.
func (job *queuedTrainJob) PodSets() ([]kueue.PodSet, error) {
	asked := ptr.Deref(job.Spec.Trainer, trainer.Trainer{})
	container := core.Container{Name: "node", Resources: ptr.Deref(asked.ResourcesPerNode, core.ResourceRequirements{})}
	return []kueue.PodSet{{
		Name:     "node",
		Count:    ptr.Deref(asked.NumNodes, 1),
		Template: core.PodTemplateSpec{Spec: core.PodSpec{RestartPolicy: core.RestartPolicyNever, Containers: []core.Container{container}}},
	}}, nil
}

// IsActive is true until Trainer has seen that it is suspended.
func (job *queuedTrainJob) IsActive() bool {
	return !meta.IsStatusConditionTrue(job.Status.Conditions, trainer.TrainJobSuspended)
}

func (job *queuedTrainJob) PodsReady() bool { return true }
