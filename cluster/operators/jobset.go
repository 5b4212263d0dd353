package operators

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"
	jobset "sigs.k8s.io/jobset/api/jobset/v1alpha2"
	"sigs.k8s.io/jobset/pkg/controllers"
	"sigs.k8s.io/jobset/pkg/webhooks"
)

func (host Host) jobSet(ctx context.Context, port int) (*operator, error) {
	scheme := newScheme(jobset.AddToScheme)
	manager, err := host.manager(scheme, port, ctrl.Options{})
	if err != nil {
		return nil, err
	}
	if err := controllers.SetupJobSetIndexes(ctx, manager.GetFieldIndexer()); err != nil {
		return nil, err
	}
	if err := controllers.SetupPodIndexes(ctx, manager.GetFieldIndexer()); err != nil {
		return nil, err
	}
	sets := controllers.NewJobSetReconciler(manager.GetClient(), scheme, manager.GetEventRecorderFor("jobset"))
	if err := sets.SetupWithManager(manager); err != nil {
		return nil, err
	}
	pods := controllers.NewPodReconciler(manager.GetClient(), scheme, manager.GetEventRecorderFor("pod"))
	if err := pods.SetupWithManager(manager); err != nil {
		return nil, err
	}
	webhook, err := webhooks.NewJobSetWebhook(manager.GetClient())
	if err != nil {
		return nil, err
	}
	if err := webhook.SetupWebhookWithManager(manager); err != nil {
		return nil, err
	}
	if err := webhooks.NewPodWebhook(manager.GetClient()).SetupWebhookWithManager(manager); err != nil {
		return nil, err
	}
	return &operator{name: "jobset", manager: manager}, nil
}
