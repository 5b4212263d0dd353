package fakenodes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/kwok/pkg/apis/internalversion"
)

func TestKwokLoadsEveryStageOfPods(t *testing.T) {
	stages, err := loadStages(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	names := sets.New[string]()
	for _, stage := range stages[internalversion.StageResourceRef{APIGroup: "v1", Kind: "Pod"}] {
		names.Insert(stage.Name)
	}
	for _, script := range waitingScripts {
		if !names.Has("pod-waits-" + script.Script) {
			t.Errorf("%s has no stage", script.Script)
		}
	}
	for _, script := range endingScripts {
		if !names.Has("pod-ends-" + script.Script) {
			t.Errorf("%s has no stage", script.Script)
		}
	}
}

func TestTheReadmeNamesEveryScript(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	scripts := append([]string{"never-stops"}, otherScripts...)
	for _, script := range waitingScripts {
		scripts = append(scripts, script.Script)
	}
	for _, script := range endingScripts {
		scripts = append(scripts, script.Script)
	}
	for _, script := range scripts {
		if !strings.Contains(string(readme), "`"+script+"`") {
			t.Errorf("README.md does not name %s", script)
		}
	}
}

func TestTheLastNodeIsASpotMachineAndHalfHaveOtherGPUs(t *testing.T) {
	size := Size{Nodes: 4, GPUs: 8, Pods: 100}
	for index, wanted := range []struct {
		product string
		spot    bool
	}{{"NVIDIA-H100-80GB-HBM3", false}, {"NVIDIA-H100-80GB-HBM3", false}, {"NVIDIA-A100-SXM4-80GB", false}, {"NVIDIA-A100-SXM4-80GB", true}} {
		made := node(index, size)
		if made.Labels["nvidia.com/gpu.product"] != wanted.product || (len(made.Spec.Taints) == 1) != wanted.spot {
			t.Errorf("node %d is %v with %v", index, made.Labels, made.Spec.Taints)
		}
	}
}
