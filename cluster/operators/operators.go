// Package operators runs the real controllers and webhooks of JobSet, Kubeflow Trainer, the training operator and Kueue,
// each with a manager of its own as it would have in its own pod.
package operators

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"io.trainyard/cluster/certificates"
	"io.trainyard/cluster/manifests"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	metrics "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
)

// Names are the operators in the order in which they start.
var Names = []string{"jobset", "trainer", "training-operator", "kueue"}

const (
	queriesPerSecond = 500
	queryBurst       = 1000
	webhookPoll      = 50 * time.Millisecond
)

// Host is what the operators run in.
type Host struct {
	Config     *rest.Config
	Kubeconfig string
	Authority  *certificates.Authority
	Installer  manifests.Installer
	// Folder takes the operators' configuration files.
	Folder string
	// Port answers a free port for a name, always the same one for the same name.
	Port func(name string) (int, error)
	// Fail is told when a running operator ends with an error.
	Fail func(error)
}

type operator struct {
	name    string
	manager ctrl.Manager
	// webhookPaths are the endings of the webhook paths of the kinds that run here.
	webhookPaths []string
	alsoWebhooks []manifests.AlsoWebhook
}

// Start starts the named operators, which run until running ends, and returns when their webhooks answer.
func (host Host) Start(running, starting context.Context, names []string) error {
	ready := make([]func() error, 0, len(names))
	for _, name := range names {
		started, err := host.startOne(running, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		ready = append(ready, started)
	}
	for index, check := range ready {
		for err := check(); err != nil; err = check() {
			select {
			case <-starting.Done():
				return fmt.Errorf("the webhooks of %s do not answer: %w", names[index], err)
			case <-time.After(webhookPoll):
			}
		}
	}
	return nil
}

func (host Host) startOne(ctx context.Context, name string) (func() error, error) {
	port, err := host.Port(name)
	if err != nil {
		return nil, err
	}
	started, err := host.make(ctx, name, port)
	if err != nil {
		return nil, err
	}
	go func() {
		if err := started.manager.Start(ctx); err != nil && ctx.Err() == nil {
			host.Fail(fmt.Errorf("%s: %w", name, err))
		}
	}()
	checker := started.manager.GetWebhookServer().StartedChecker()
	return func() error { return checker((*http.Request)(nil)) }, host.Installer.Webhooks(ctx, manifests.Webhooks{
		Operator: name, Port: port, Authority: host.Authority.PEM, Paths: started.webhookPaths, Also: started.alsoWebhooks,
	})
}

func (host Host) make(ctx context.Context, name string, port int) (*operator, error) {
	switch name {
	case "jobset":
		return host.jobSet(ctx, port)
	case "trainer":
		return host.trainer(ctx, port)
	case "training-operator":
		return host.trainingOperator(port)
	case "kueue":
		return host.kueue(ctx, port)
	default:
		return nil, fmt.Errorf("no such operator; there are %v", Names)
	}
}

// manager makes a manager that serves webhooks on port, and neither metrics nor health.
func (host Host) manager(scheme *runtime.Scheme, port int, options ctrl.Options) (ctrl.Manager, error) {
	config := rest.CopyConfig(host.Config)
	config.QPS, config.Burst = queriesPerSecond, queryBurst
	options.Scheme = scheme
	options.LeaderElection = false
	options.Metrics = metrics.Options{BindAddress: "0"}
	options.HealthProbeBindAddress = "0"
	// Two managers of one process may not have controllers of one name unless told so.
	skip := true
	options.Controller.SkipNameValidation = &skip
	options.WebhookServer = webhook.NewServer(webhook.Options{
		Host: "127.0.0.1", Port: port, CertDir: host.Authority.Path("."), CertName: "server.crt", KeyName: "server.key",
	})
	return ctrl.NewManager(config, options)
}

func newScheme(add ...func(*runtime.Scheme) error) *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	for _, types := range add {
		utilruntime.Must(types(scheme))
	}
	return scheme
}
