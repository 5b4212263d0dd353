package operators

import (
	"context"
	"fmt"

	trainer "github.com/kubeflow/trainer/v2/pkg/apis/trainer/v1alpha1"
	"github.com/kubeflow/trainer/v2/pkg/controller"
	"github.com/kubeflow/trainer/v2/pkg/runtime/core"
	"github.com/kubeflow/trainer/v2/pkg/webhooks"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	options "sigs.k8s.io/controller-runtime/pkg/controller"
	jobset "sigs.k8s.io/jobset/api/jobset/v1alpha2"
	schedulerplugins "sigs.k8s.io/scheduler-plugins/apis/scheduling/v1alpha1"
)

func (host Host) trainer(ctx context.Context, port int) (*operator, error) {
	scheme := newScheme(trainer.AddToScheme, jobset.AddToScheme, schedulerplugins.AddToScheme)
	manager, err := host.manager(scheme, port, ctrl.Options{
		Client: client.Options{Cache: &client.CacheOptions{Unstructured: true}},
	})
	if err != nil {
		return nil, err
	}
	runtimes, err := core.New(ctx, manager.GetClient(), manager.GetFieldIndexer())
	if err != nil {
		return nil, err
	}
	if name, err := controller.SetupControllers(manager, runtimes, options.Options{}); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if name, err := webhooks.Setup(manager, runtimes); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &operator{name: "trainer", manager: manager}, nil
}
