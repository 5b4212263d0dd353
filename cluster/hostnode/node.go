// Package hostnode is a node whose containers are processes of this machine. It does what a kubelet does to pods bound to
// it, as far as training jobs can tell: init containers in order, volumes, environment, names in DNS, restarts, logs,
// termination with grace, and the statuses and events of all that. What it leaves out is listed in README.md.
//
// A container has its own mount, process and host name namespaces, and each pod an address of its own out of the
// loopback network. It shares the machine's files, network and users: there is no isolation, so it is for our own tests
// only. It needs root.
package hostnode

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"io.trainyard/cluster/certificates"
	coordination "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/ptr"
)

const (
	// TaintKey keeps ordinary pods off the node.
	TaintKey     = "cluster.trainyard.io/host"
	leaseSeconds = 40
	leaseRenewal = 10 * time.Second
	leaseRetry   = time.Second
	addresses    = 250
)

// Settings of a node.
type Settings struct {
	Name    string
	Folder  string
	Port    int
	Tainted bool
	Images  Images
	// RotationBytes is the size at which a log starts anew; 0 means what a kubelet does.
	RotationBytes int64
	Authority     *certificates.Authority
	Cluster       kubernetes.Interface
	Events        record.EventRecorder
}

// Node is one running node.
type Node struct {
	Settings
	names *names

	mutex sync.Mutex
	pods  map[types.UID]*podRun
	next  int
}

// Start registers the node and runs its pods until the context ends.
func Start(ctx context.Context, settings Settings) (*Node, error) {
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("a host node needs root (mounts, namespaces, port 53); start without it: --host-node ''")
	}
	if settings.RotationBytes == 0 {
		settings.RotationBytes = defaultRotationBytes
	}
	node := &Node{Settings: settings, pods: map[types.UID]*podRun{}}
	if err := os.MkdirAll(filepath.Join(settings.Folder, "pods"), 0o755); err != nil {
		return nil, err
	}
	if err := node.serveLogs(ctx); err != nil {
		return nil, err
	}
	if err := node.register(ctx); err != nil {
		return nil, err
	}
	go node.heartbeat(ctx)
	return node, node.watch(ctx)
}

func (node *Node) watch(ctx context.Context) error {
	all := informers.NewSharedInformerFactory(node.Cluster, 0)
	services := all.Core().V1().Services().Informer()
	mine := informers.NewSharedInformerFactoryWithOptions(node.Cluster, 0, informers.WithTweakListOptions(func(options *metav1.ListOptions) {
		options.FieldSelector = fields.OneTermEqualSelector("spec.nodeName", node.Name).String()
	}))
	pods := mine.Core().V1().Pods().Informer()
	var err error
	if node.names, err = serveNames(ctx, services.GetStore(), pods.GetStore()); err != nil {
		return err
	}
	if _, err = pods.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { node.sync(ctx, object.(*corev1.Pod)) },
		UpdateFunc: func(_, object any) { node.sync(ctx, object.(*corev1.Pod)) },
		DeleteFunc: func(object any) {
			if last, isLast := object.(cache.DeletedFinalStateUnknown); isLast {
				object = last.Obj
			}
			if pod, isPod := object.(*corev1.Pod); isPod {
				node.forget(pod)
			}
		},
	}); err != nil {
		return err
	}
	all.Start(ctx.Done())
	mine.Start(ctx.Done())
	return nil
}

// sync is told every change of a pod bound to this node.
func (node *Node) sync(ctx context.Context, pod *corev1.Pod) {
	node.mutex.Lock()
	defer node.mutex.Unlock()
	run := node.pods[pod.UID]
	switch {
	case pod.DeletionTimestamp != nil && (run == nil || ended(pod)):
		go node.remove(ctx, pod)
	case pod.DeletionTimestamp != nil:
		run.stop(time.Duration(ptr.Deref(pod.DeletionGracePeriodSeconds, 30)) * time.Second)
	case run == nil && !ended(pod):
		run = node.newRun(ctx, pod.DeepCopy())
		node.pods[pod.UID] = run
		if started(pod) {
			go run.lost()
			return
		}
		go run.live()
	}
}

// newRun gives the pod an address: the claimed block is of /16, the first 256 addresses of it are the node's own.
func (node *Node) newRun(ctx context.Context, pod *corev1.Pod) *podRun {
	node.next++
	address := fmt.Sprintf("127.%d.%d.%d", node.names.block, 1+node.next/addresses%addresses, 1+node.next%addresses)
	run := &podRun{
		node: node, pod: pod, address: address, folder: node.podFolder(pod.UID),
		alive: ctx, stopped: make(chan struct{}), gone: make(chan struct{}), done: make(chan struct{}),
	}
	return run
}

func (node *Node) podFolder(uid types.UID) string {
	return filepath.Join(node.Folder, "pods", string(uid))
}

// remove takes the object away once nothing of it runs, as a kubelet does at the end of the grace period.
func (node *Node) remove(ctx context.Context, pod *corev1.Pod) {
	err := node.Cluster.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: ptr.To[int64](0), Preconditions: &metav1.Preconditions{UID: &pod.UID},
	})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) && ctx.Err() == nil {
		time.Sleep(time.Second)
		node.remove(ctx, pod)
	}
}

// forget ends what still runs of a pod whose object is gone: it was deleted by force.
func (node *Node) forget(pod *corev1.Pod) {
	node.mutex.Lock()
	run := node.pods[pod.UID]
	delete(node.pods, pod.UID)
	node.mutex.Unlock()
	go func() {
		if run != nil {
			run.stop(0)
			close(run.gone)
			<-run.done
			run.clean()
		}
		_ = os.RemoveAll(node.podFolder(pod.UID))
	}()
}

func (node *Node) register(ctx context.Context) error {
	offers := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("128"), corev1.ResourceMemory: resource.MustParse("2Ti"),
		corev1.ResourceEphemeralStorage: resource.MustParse("2Ti"),
		corev1.ResourcePods:             resource.MustParse("200"), "nvidia.com/gpu": resource.MustParse("8"),
	}
	nodes := node.Cluster.CoreV1().Nodes()
	object := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node.Name, Labels: map[string]string{
		"type": "host", "kubernetes.io/hostname": node.Name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
		"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3",
	}}}
	if node.Tainted {
		object.Spec.Taints = []corev1.Taint{{Key: TaintKey, Effect: corev1.TaintEffectNoSchedule}}
	}
	if _, err := nodes.Create(ctx, object, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	// Controllers write to a node as soon as there is one.
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		created, err := nodes.Get(ctx, node.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		created.Status = corev1.NodeStatus{
			Capacity: offers, Allocatable: offers,
			Addresses:       []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: int32(node.Port)}},
			NodeInfo:        corev1.NodeSystemInfo{KubeletVersion: "host-process", OperatingSystem: "linux", Architecture: "amd64"},
			Conditions:      []corev1.NodeCondition{isReady()},
		}
		_, err = nodes.UpdateStatus(ctx, created, metav1.UpdateOptions{})
		return err
	})
}

func isReady() corev1.NodeCondition {
	now := metav1.Now()
	return corev1.NodeCondition{
		Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "HostProcess", LastHeartbeatTime: now, LastTransitionTime: now,
	}
}

// heartbeat keeps the node-lifecycle controller from calling the node lost, and says that it is back where that one did so
// while the API server was away.
func (node *Node) heartbeat(ctx context.Context) {
	for {
		wait := leaseRenewal
		if err := errors.Join(node.renewLease(ctx), node.stayReady(ctx)); err != nil {
			wait = leaseRetry
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func (node *Node) renewLease(ctx context.Context) error {
	leases := node.Cluster.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	now := metav1.NowMicro()
	lease, err := leases.Get(ctx, node.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = leases.Create(ctx, &coordination.Lease{
			ObjectMeta: metav1.ObjectMeta{Name: node.Name, Namespace: corev1.NamespaceNodeLease},
			Spec: coordination.LeaseSpec{
				HolderIdentity: &node.Name, LeaseDurationSeconds: ptr.To[int32](leaseSeconds), RenewTime: &now,
			},
		}, metav1.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	lease.Spec.RenewTime = &now
	_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	return err
}

func (node *Node) stayReady(ctx context.Context) error {
	nodes := node.Cluster.CoreV1().Nodes()
	object, err := nodes.Get(ctx, node.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, condition := range object.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
			return nil
		}
	}
	object.Status.Conditions = []corev1.NodeCondition{isReady()}
	if _, err = nodes.UpdateStatus(ctx, object, metav1.UpdateOptions{}); err != nil {
		return err
	}
	// The pods of a node that is lost are no longer ready either.
	node.mutex.Lock()
	defer node.mutex.Unlock()
	for _, run := range node.pods {
		go run.change(func(*corev1.PodStatus) {})
	}
	return nil
}
