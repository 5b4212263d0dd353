package gates_test

import (
	"testing"

	_ "io.trainyard/cluster/gates"
	"sigs.k8s.io/kueue/pkg/features"
)

// Without the wrapper, or with a module path that sorts behind "sigs.k8s.io", this test cannot even begin: Kueue's init
// panics.
func TestKueueRegistersItsGates(t *testing.T) {
	if known := features.Enabled(features.PartialAdmission); !known {
		t.Fatal("a gate that is on by default is off: Kueue has not registered its own")
	}
}
