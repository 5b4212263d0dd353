package hostnode

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
)

func pod(name, address string, ready bool) *corev1.Pod {
	made := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "team", Labels: map[string]string{"job": "train"}},
		Spec:       corev1.PodSpec{Subdomain: "train"},
		Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: address},
	}
	if ready {
		made.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	}
	return made
}

func TestOnlyHeadlessServicesAreResolvedAndOnlyToPodsThatLive(t *testing.T) {
	services := cache.NewStore(cache.MetaNamespaceKeyFunc)
	pods := cache.NewStore(cache.MetaNamespaceKeyFunc)
	selector := map[string]string{"job": "train"}
	headless := corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone, Selector: selector}
	eager := corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone, Selector: selector, PublishNotReadyAddresses: true}
	for name, spec := range map[string]corev1.ServiceSpec{
		"train": headless, "eager": eager, "routed": {ClusterIP: "10.0.0.9", Selector: selector},
	} {
		_ = services.Add(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "team"}, Spec: spec})
	}
	dead := pod("train-2", "127.64.1.3", true)
	dead.Status.Phase = corev1.PodFailed
	for _, made := range []*corev1.Pod{pod("train-0", "127.64.1.1", true), pod("train-1", "127.64.1.2", false), dead} {
		_ = pods.Add(made)
	}
	server := &names{services: services, pods: pods}
	for name, wanted := range map[string]string{
		"train.team.svc.cluster.local":         "[127.64.1.1]",
		"train-0.train.team.svc.cluster.local": "[127.64.1.1]",
		"train-1.train.team.svc.cluster.local": "[]",
		"train-0.eager.team.svc.cluster.local": "[]",
		"eager.team.svc.cluster.local":         "[127.64.1.1 127.64.1.2]",
		"routed.team.svc.cluster.local":        "[]",
		"train.other.svc.cluster.local":        "[]",
		"train.team.cluster.local":             "[]",
		"cluster.local":                        "[]",
	} {
		if got := fmt.Sprint(server.resolve(name)); got != wanted {
			t.Errorf("%s is %s, not %s", name, got, wanted)
		}
	}
}
