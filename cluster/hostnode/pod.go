package hostnode

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

const (
	statusRetry    = 500 * time.Millisecond
	firstBackOff   = time.Second
	longestBackOff = time.Minute
	exitOfLost     = 137
)

// podRun is one pod from its binding to this node until its object is gone.
type podRun struct {
	node    *Node
	pod     *corev1.Pod
	address string
	folder  string
	mounted []string
	// alive ends with the node.
	alive context.Context
	// stopped is closed when the pod must end; grace is set before. gone is closed when its object is no more.
	stopped  chan struct{}
	stopOnce sync.Once
	grace    time.Duration
	gone     chan struct{}
	// done is closed when nothing of the pod runs any more.
	done chan struct{}

	mutex  sync.Mutex
	status corev1.PodStatus
	// over is set when nothing more will run, whatever the containers' states say.
	over bool
}

// stop may be said again; only the first grace counts.
func (run *podRun) stop(grace time.Duration) {
	run.stopOnce.Do(func() {
		run.grace = grace
		close(run.stopped)
	})
}

func (run *podRun) stopping() bool {
	select {
	case <-run.stopped:
		return true
	default:
		return false
	}
}

// live takes the pod from its first status to its last.
func (run *podRun) live() {
	defer close(run.done)
	now := metav1.Now()
	run.pod.Status.PodIP, run.pod.Status.PodIPs = run.address, []corev1.PodIP{{IP: run.address}}
	run.pod.Status.HostIP = "127.0.0.1"
	reason := "ContainerCreating"
	if len(run.pod.Spec.InitContainers) > 0 {
		reason = "PodInitializing"
	}
	run.change(func(status *corev1.PodStatus) {
		status.StartTime = &now
		status.HostIP, status.PodIP, status.PodIPs = "127.0.0.1", run.address, run.pod.Status.PodIPs
		status.InitContainerStatuses = before(run.pod.Spec.InitContainers, reason)
		status.ContainerStatuses = before(run.pod.Spec.Containers, reason)
	})
	if seconds := run.pod.Spec.ActiveDeadlineSeconds; seconds != nil {
		deadline := time.AfterFunc(time.Duration(*seconds)*time.Second, run.exceed)
		defer deadline.Stop()
	}
	if run.prepare() && run.initialize() {
		run.work()
	}
	if run.stopping() {
		run.change(func(*corev1.PodStatus) { run.over = true })
	}
}

// exceed ends the pod at its own deadline (that of a Job is the Job controller's business).
func (run *podRun) exceed() {
	run.change(func(status *corev1.PodStatus) {
		status.Reason, status.Message = "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"
	})
	run.stop(time.Duration(ptr.Deref(run.pod.Spec.TerminationGracePeriodSeconds, 30)) * time.Second)
}

// lost ends a pod whose processes died with an earlier cluster process, as a kubelet does after its machine restarted.
func (run *podRun) lost() {
	defer close(run.done)
	run.status = *run.pod.Status.DeepCopy()
	run.change(func(status *corev1.PodStatus) {
		for _, statuses := range [][]corev1.ContainerStatus{status.InitContainerStatuses, status.ContainerStatuses} {
			for index := range statuses {
				if statuses[index].State.Terminated == nil {
					statuses[index].Ready, statuses[index].Started = false, ptr.To(false)
					statuses[index].State = terminated(exit{
						code: exitOfLost, reason: "ContainerStatusUnknown", finishedAt: metav1.Now(),
						message: "The container could not be located when the pod was terminated",
					})
				}
			}
		}
		run.over = true
	})
}

// initialize runs the init containers one after the other; false means that the pod is over.
func (run *podRun) initialize() bool {
	for index := range run.pod.Spec.InitContainers {
		container := &run.pod.Spec.InitContainers[index]
		place := func(status *corev1.PodStatus) *corev1.ContainerStatus { return &status.InitContainerStatuses[index] }
		policy := run.pod.Spec.RestartPolicy
		if policy == corev1.RestartPolicyAlways {
			policy = corev1.RestartPolicyOnFailure
		}
		if last := run.repeat(container, policy, place); last.code != 0 || run.stopping() {
			return false
		}
		// A kubelet calls an init container that did its work ready.
		run.change(func(status *corev1.PodStatus) { place(status).Ready = true })
	}
	return true
}

// work runs the containers side by side until all are over.
func (run *podRun) work() {
	var all sync.WaitGroup
	for index := range run.pod.Spec.Containers {
		place := func(status *corev1.PodStatus) *corev1.ContainerStatus { return &status.ContainerStatuses[index] }
		all.Go(func() { run.repeat(&run.pod.Spec.Containers[index], run.pod.Spec.RestartPolicy, place) })
	}
	all.Wait()
}

// repeat runs a container as often as the policy says, and answers its last exit.
func (run *podRun) repeat(
	container *corev1.Container, policy corev1.RestartPolicy, place func(*corev1.PodStatus) *corev1.ContainerStatus,
) exit {
	if !run.pull(container, place) {
		return exit{code: exitOfLost, reason: "ContainerStatusUnknown"}
	}
	backOff := firstBackOff
	for restarts := 0; ; restarts++ {
		last, ok := run.once(container, restarts, place)
		again := policy == corev1.RestartPolicyAlways || (policy == corev1.RestartPolicyOnFailure && last.code != 0)
		if !ok || !again || run.stopping() || run.alive.Err() != nil {
			return last
		}
		run.change(func(status *corev1.PodStatus) {
			mine := place(status)
			mine.LastTerminationState = mine.State
			mine.RestartCount++
			mine.State = waiting("CrashLoopBackOff", "back-off "+backOff.String()+" restarting failed container="+container.Name+
				" pod="+run.pod.Name+"_"+run.pod.Namespace+"("+string(run.pod.UID)+")")
		})
		run.warn("BackOff", "Back-off restarting failed container %s in pod %s", container.Name, run.pod.Name)
		run.pause(backOff)
		backOff = min(2*backOff, longestBackOff)
	}
}

// once runs a container one time and reports both its start and its end. Not ok means that it never started.
func (run *podRun) once(container *corev1.Container, restarts int, place func(*corev1.PodStatus) *corev1.ContainerStatus) (exit, bool) {
	invocation, ok := run.configure(container, restarts, place)
	if !ok {
		return exit{code: exitOfLost, reason: "ContainerStatusUnknown"}, false
	}
	last := run.execute(container, invocation, func(id string, at metav1.Time) {
		run.change(func(status *corev1.PodStatus) {
			mine := place(status)
			mine.Ready, mine.Started, mine.ContainerID = true, ptr.To(true), id
			mine.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: at}}
		})
	})
	run.change(func(status *corev1.PodStatus) {
		mine := place(status)
		mine.Ready, mine.Started = false, ptr.To(false)
		mine.State = terminated(last)
		if last.id != "" {
			mine.ContainerID = last.id
		}
	})
	return last, true
}

// change alters the status and writes it, one change after the other. It holds on until the API server takes it: a pod
// outlives an API server that is away.
func (run *podRun) change(alter func(*corev1.PodStatus)) {
	run.mutex.Lock()
	defer run.mutex.Unlock()
	previous := run.status.Conditions
	alter(&run.status)
	run.status.Phase = phase(run.pod.Spec.RestartPolicy, run.status.InitContainerStatuses, run.status.ContainerStatuses)
	if run.over && run.status.Phase != corev1.PodSucceeded || run.status.Reason != "" && run.status.Phase == corev1.PodSucceeded {
		run.status.Phase = corev1.PodFailed
	}
	run.status.Conditions = conditions(previous, &run.status)
	patch, err := run.patch()
	if err != nil {
		log.Printf("status of %s/%s: %v", run.pod.Namespace, run.pod.Name, err)
		return
	}
	for run.alive.Err() == nil {
		_, err := run.node.Cluster.CoreV1().Pods(run.pod.Namespace).Patch(
			run.alive, run.pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
		if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) || apierrors.IsInvalid(err) {
			return
		}
		time.Sleep(statusRetry)
	}
}

// patch is the whole status. A condition's reason is said even when there is none, or the patch would leave an old one.
func (run *podRun) patch() ([]byte, error) {
	whole, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&run.status)
	if err != nil {
		return nil, err
	}
	conditions, _ := whole["conditions"].([]any)
	for _, entry := range conditions {
		if condition, isMap := entry.(map[string]any); isMap && condition["reason"] == nil {
			condition["reason"] = nil
		}
	}
	return json.Marshal(map[string]any{"metadata": map[string]any{"uid": run.pod.UID}, "status": whole})
}

func (run *podRun) warn(reason, format string, arguments ...any) {
	run.node.Events.Eventf(run.pod, corev1.EventTypeWarning, reason, format, arguments...)
}

// pause answers false when the pod must end.
func (run *podRun) pause(length time.Duration) bool {
	select {
	case <-run.stopped:
		return false
	case <-run.alive.Done():
		return false
	case <-time.After(length):
		return true
	}
}

func (run *podRun) clean() {
	run.unmount()
	_ = os.RemoveAll(run.folder)
}
