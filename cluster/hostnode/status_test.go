package hostnode

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func over(code int32) corev1.ContainerStatus {
	return corev1.ContainerStatus{State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code}}}
}

func TestThePhaseOfAPodFollowsFromItsContainers(t *testing.T) {
	running := corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
	waits := corev1.ContainerStatus{State: waiting("ContainerCreating", "")}
	crashed := corev1.ContainerStatus{State: waiting("CrashLoopBackOff", ""), LastTerminationState: over(1).State}
	type statuses = []corev1.ContainerStatus
	for name, test := range map[string]struct {
		policy           corev1.RestartPolicy
		init, containers statuses
		wanted           corev1.PodPhase
	}{
		"nothing has started":                        {corev1.RestartPolicyNever, nil, statuses{waits}, corev1.PodPending},
		"one of two has started":                     {corev1.RestartPolicyNever, nil, statuses{running, waits}, corev1.PodPending},
		"all run":                                    {corev1.RestartPolicyNever, nil, statuses{running, running}, corev1.PodRunning},
		"one is over, one runs":                      {corev1.RestartPolicyNever, nil, statuses{over(1), running}, corev1.PodRunning},
		"all are over":                               {corev1.RestartPolicyNever, nil, statuses{over(0), over(0)}, corev1.PodSucceeded},
		"one has failed":                             {corev1.RestartPolicyNever, nil, statuses{over(0), over(1)}, corev1.PodFailed},
		"between two runs":                           {corev1.RestartPolicyOnFailure, nil, statuses{crashed}, corev1.PodRunning},
		"init runs":                                  {corev1.RestartPolicyNever, statuses{running}, statuses{waits}, corev1.PodPending},
		"init has failed for good":                   {corev1.RestartPolicyNever, statuses{over(4)}, statuses{waits}, corev1.PodFailed},
		"init has failed and will be tried again":    {corev1.RestartPolicyOnFailure, statuses{over(4)}, statuses{waits}, corev1.PodPending},
		"init is done, and the container is running": {corev1.RestartPolicyNever, statuses{over(0)}, statuses{running}, corev1.PodRunning},
	} {
		t.Run(name, func(t *testing.T) {
			if got := phase(test.policy, test.init, test.containers); got != test.wanted {
				t.Errorf("phase is %s, not %s", got, test.wanted)
			}
		})
	}
}

func TestAConditionKeepsItsTimeUntilItChanges(t *testing.T) {
	status := &corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{{State: waiting("ContainerCreating", "")}}}
	first := conditions(nil, status)
	first[2].LastTransitionTime.Time = first[2].LastTransitionTime.AddDate(-1, 0, 0)
	second := conditions(first, status)
	if second[2].LastTransitionTime != first[2].LastTransitionTime {
		t.Error("an unchanged condition has a new time")
	}
	status.Phase = corev1.PodRunning
	status.ContainerStatuses[0].State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	third := conditions(second, status)
	if third[2].Status != corev1.ConditionTrue || third[2].LastTransitionTime == second[2].LastTransitionTime {
		t.Errorf("ready became %v", third[2])
	}
}
