package operators

import (
	"os"
	"path/filepath"

	kubeflow "github.com/kubeflow/training-operator/pkg/apis/kubeflow.org/v1"
	"github.com/kubeflow/training-operator/pkg/config"
	controllers "github.com/kubeflow/training-operator/pkg/controller.v1"
	"github.com/kubeflow/training-operator/pkg/controller.v1/common"
	"github.com/kubeflow/training-operator/pkg/webhooks"
	ctrl "sigs.k8s.io/controller-runtime"
	schedulerplugins "sigs.k8s.io/scheduler-plugins/apis/scheduling/v1alpha1"
)

const (
	trainingOperatorWorkers = 4
	masterTries             = 100
)

// The operator gives every worker an init container that waits until the master's name resolves. Its own runs nslookup in
// alpine, which cannot be pulled here and may not be on the host; getent is wherever glibc is. Like its own it has no security
// context, so a namespace that enforces Pod Security "restricted" refuses the workers here as it does elsewhere.
const initContainer = `- name: init-pytorch
  image: {{.InitContainerImage}}
  imagePullPolicy: IfNotPresent
  resources:
    limits: {cpu: 100m, memory: 20Mi}
    requests: {cpu: 50m, memory: 10Mi}
  command:
  - sh
  - -c
  - |
    for try in $(seq {{.MaxTries}}); do
      getent hosts {{.MasterAddr}} && exit 0
      echo waiting for {{.MasterAddr}}
      sleep 0.5
    done
    echo {{.MasterAddr}} did not resolve
    exit 1
`

func (host Host) trainingOperator(port int) (*operator, error) {
	template := filepath.Join(host.Folder, "init-container.yaml")
	if err := os.WriteFile(template, []byte(initContainer), 0o600); err != nil {
		return nil, err
	}
	config.Config.PyTorchInitContainerTemplateFile = template
	config.Config.PyTorchInitContainerImage = config.PyTorchInitContainerImageDefault
	config.Config.PyTorchInitContainerMaxTries = masterTries
	config.Config.MPIKubectlDeliveryImage = config.MPIKubectlDeliveryImageDefault
	manager, err := host.manager(newScheme(kubeflow.AddToScheme, schedulerplugins.AddToScheme), port, ctrl.Options{})
	if err != nil {
		return nil, err
	}
	var enabled controllers.EnabledSchemes
	if err := enabled.Set("pytorchjob"); err != nil {
		return nil, err
	}
	for _, kind := range enabled {
		gang := common.GenNonGangSchedulerSetupFunc()
		if err := controllers.SupportedSchemeReconciler[kind](manager, gang, trainingOperatorWorkers); err != nil {
			return nil, err
		}
		if err := webhooks.SupportedSchemeWebhook[kind](manager); err != nil {
			return nil, err
		}
	}
	return &operator{name: "training-operator", manager: manager, webhookPaths: []string{"-pytorchjob"}}, nil
}
