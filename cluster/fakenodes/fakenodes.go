// Package fakenodes runs KWOK: nodes with GPUs that exist only as objects, whose pods go through scripted stages.
package fakenodes

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	nodestages "sigs.k8s.io/kwok/kustomize/stage/node/fast"
	"sigs.k8s.io/kwok/pkg/apis/internalversion"
	"sigs.k8s.io/kwok/pkg/client/clientset/versioned"
	"sigs.k8s.io/kwok/pkg/config"
	"sigs.k8s.io/kwok/pkg/kwok/controllers"
	"sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/client"
)

const (
	queriesPerSecond = 2000
	queryBurst       = 4000
	leaseSeconds     = 40
	// Nobody listens there: a fake pod has no output.
	nodePort = 10247
)

// Start plays nodes and pods until the context ends; folder takes the stages.
func Start(ctx context.Context, folder, kubeconfig string, out io.Writer) error {
	ctx = log.NewContext(ctx, log.NewLogger(out, log.LevelWarn))
	stages, err := loadStages(ctx, folder)
	if err != nil {
		return err
	}
	clientset, err := client.NewClientset("", kubeconfig)
	if err != nil {
		return err
	}
	restConfig, err := clientset.ToRESTConfig()
	if err != nil {
		return err
	}
	restConfig.QPS, restConfig.Burst = queriesPerSecond, queryBurst
	dynamic, err := clientset.ToDynamicClient()
	if err != nil {
		return err
	}
	mapper, err := clientset.ToRESTMapper()
	if err != nil {
		return err
	}
	restClient, err := rest.RESTClientFor(restConfig)
	if err != nil {
		return err
	}
	typed, err := kubernetes.NewForConfig(restConfig)
	if err != nil {
		return err
	}
	kwok, err := versioned.NewForConfig(restConfig)
	if err != nil {
		return err
	}
	controller, err := controllers.NewController(controllers.Config{
		Clock: clock.RealClock{}, DynamicClient: dynamic, RESTClient: restClient, RESTMapper: mapper,
		ImpersonatingDynamicClient: clientset.ToImpersonatingDynamicClient(), TypedClient: typed, TypedKwokClient: kwok,
		ManageNodesWithAnnotationSelector: "kwok.x-k8s.io/node=fake",
		CIDR:                              "10.1.0.0/16", NodeIP: "127.0.0.1", NodePort: nodePort,
		PodPlayStageParallelism: 16, NodePlayStageParallelism: 4, LocalStages: stages,
		NodeLeaseParallelism: 4, NodeLeaseDurationSeconds: leaseSeconds, ID: "kwok-in-process",
		PodsOnNodeSyncParallelism: config.GetKwokConfiguration(ctx).Options.PodsOnNodeSyncParallelism,
	})
	if err != nil {
		return err
	}
	return controller.Start(ctx)
}

type stagesOfKinds = map[internalversion.StageResourceRef][]*internalversion.Stage

// loadStages goes through files, because KWOK's own loader (with its defaults) reads nothing else.
func loadStages(ctx context.Context, folder string) (stagesOfKinds, error) {
	pods, err := Stages()
	if err != nil {
		return nil, err
	}
	nodeFile, podFile := filepath.Join(folder, "stages-node.yaml"), filepath.Join(folder, "stages-pod.yaml")
	if err := os.WriteFile(nodeFile, []byte(nodestages.DefaultNodeInit), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(podFile, pods, 0o600); err != nil {
		return nil, err
	}
	objects, err := config.Load(ctx, nodeFile, podFile)
	if err != nil {
		return nil, err
	}
	stages := stagesOfKinds{}
	for _, stage := range config.FilterWithType[*internalversion.Stage](objects) {
		stages[stage.Spec.ResourceRef] = append(stages[stage.Spec.ResourceRef], stage)
	}
	if len(stages) != 2 {
		return nil, fmt.Errorf("stages of nodes and of pods are wanted, not of %d kinds", len(stages))
	}
	return stages, nil
}

// Size says how many nodes there are and how much each offers.
type Size struct {
	Nodes int
	GPUs  int64
	Pods  int64
}

// A node's kind by its number: every fourth has other GPUs, and the last is a spot machine that pods must tolerate.
func node(index int, size Size) *corev1.Node {
	name := fmt.Sprintf("kwok-%d", index)
	product, spot := "NVIDIA-H100-80GB-HBM3", size.Nodes > 2 && index == size.Nodes-1
	if index%4 >= 2 {
		product = "NVIDIA-A100-SXM4-80GB"
	}
	offers := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("128"), corev1.ResourceMemory: resource.MustParse("2Ti"),
		corev1.ResourceEphemeralStorage: resource.MustParse("2Ti"),
		corev1.ResourcePods:             *resource.NewQuantity(size.Pods, resource.DecimalSI),
		"nvidia.com/gpu":                *resource.NewQuantity(size.GPUs, resource.DecimalSI),
	}
	made := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name:        name,
			Annotations: map[string]string{"kwok.x-k8s.io/node": "fake"},
			Labels: map[string]string{
				"type": "kwok", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
				"nvidia.com/gpu.product": product,
			},
		},
		Status: corev1.NodeStatus{Allocatable: offers, Capacity: offers},
	}
	if spot {
		made.Labels[SpotLabel] = "true"
		made.Spec.Taints = []corev1.Taint{{Key: SpotLabel, Value: "true", Effect: corev1.TaintEffectNoSchedule}}
	}
	return made
}

// SpotLabel is the label and the taint of the one spot node.
const SpotLabel = "cloud.google.com/gke-spot"

// Create makes the nodes; those of a kept cluster stay as they are.
func Create(ctx context.Context, cluster kubernetes.Interface, size Size) error {
	for index := range size.Nodes {
		_, err := cluster.CoreV1().Nodes().Create(ctx, node(index, size), metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	return nil
}
