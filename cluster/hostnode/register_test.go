package hostnode

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	k8stesting "k8s.io/client-go/testing"
)

func TestAControllerThatWritesFirstKeepsNoNodeAway(t *testing.T) {
	cluster := fake.NewClientset()
	conflicts := 2
	cluster.PrependReactor("update", "nodes", func(k8stesting.Action) (bool, runtime.Object, error) {
		if conflicts == 0 {
			return false, nil, nil
		}
		conflicts--
		return true, nil, apierrors.NewConflict(corev1.Resource("nodes"), "host-0", nil)
	})
	node := &Node{Settings: Settings{Name: "host-0", Cluster: cluster}}
	if err := node.register(context.Background()); err != nil {
		t.Fatal(err)
	}
	made, err := cluster.CoreV1().Nodes().Get(context.Background(), "host-0", metav1.GetOptions{})
	if err != nil || len(made.Status.Conditions) == 0 {
		t.Fatalf("the node is not ready: %v, %v", made, err)
	}
}
