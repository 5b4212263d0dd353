package hostnode

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// started says whether a container of the pod ever ran.
func started(pod *corev1.Pod) bool {
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for _, status := range statuses {
			if status.ContainerID != "" {
				return true
			}
		}
	}
	return false
}

func waiting(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

// before is the status of containers that have not started yet.
func before(containers []corev1.Container, reason string) []corev1.ContainerStatus {
	statuses := make([]corev1.ContainerStatus, 0, len(containers))
	for _, container := range containers {
		statuses = append(statuses, corev1.ContainerStatus{
			Name: container.Name, Image: container.Image, Started: ptr.To(false), State: waiting(reason, ""),
		})
	}
	return statuses
}

// phase is what a kubelet's getPhase says: all containers over means the end, and any that started means Running.
func phase(policy corev1.RestartPolicy, init, containers []corev1.ContainerStatus) corev1.PodPhase {
	for _, status := range init {
		if over := status.State.Terminated; over == nil || over.ExitCode != 0 {
			if over != nil && policy == corev1.RestartPolicyNever {
				return corev1.PodFailed
			}
			return corev1.PodPending
		}
	}
	running, failed := 0, 0
	for _, status := range containers {
		switch {
		case status.State.Terminated != nil && status.State.Terminated.ExitCode != 0:
			failed++
		case status.State.Terminated != nil:
		case status.State.Running != nil || status.LastTerminationState.Terminated != nil:
			running++
		default:
			return corev1.PodPending
		}
	}
	switch {
	case running > 0:
		return corev1.PodRunning
	case failed > 0:
		return corev1.PodFailed
	default:
		return corev1.PodSucceeded
	}
}

// conditions keeps the time of those that did not change.
func conditions(previous []corev1.PodCondition, status *corev1.PodStatus) []corev1.PodCondition {
	initialized, ready := true, status.Phase == corev1.PodRunning
	for _, init := range status.InitContainerStatuses {
		initialized = initialized && init.State.Terminated != nil && init.State.Terminated.ExitCode == 0
	}
	for _, container := range status.ContainerStatuses {
		ready = ready && container.State.Running != nil
	}
	reason := "ContainersNotReady"
	switch status.Phase {
	case corev1.PodSucceeded:
		reason = "PodCompleted"
	case corev1.PodFailed:
		reason = "PodFailed"
	}
	next := []corev1.PodCondition{
		condition(corev1.PodScheduled, true, ""),
		condition(corev1.PodInitialized, initialized, "ContainersNotInitialized"),
		condition(corev1.PodReady, ready, reason),
		condition(corev1.ContainersReady, ready, reason),
	}
	for index := range next {
		for _, old := range previous {
			if old.Type == next[index].Type && old.Status == next[index].Status {
				next[index].LastTransitionTime = old.LastTransitionTime
			}
		}
	}
	return next
}

func condition(kind corev1.PodConditionType, isTrue bool, reason string) corev1.PodCondition {
	if isTrue {
		return corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now()}
	}
	return corev1.PodCondition{Type: kind, Status: corev1.ConditionFalse, Reason: reason, LastTransitionTime: metav1.Now()}
}

func terminated(exit exit) corev1.ContainerState {
	reason := "Completed"
	switch {
	case exit.reason != "":
		reason = exit.reason
	case exit.code != 0:
		reason = "Error"
	}
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: int32(exit.code), Reason: reason, Message: exit.message,
		StartedAt: exit.startedAt, FinishedAt: exit.finishedAt, ContainerID: exit.id,
	}}
}
