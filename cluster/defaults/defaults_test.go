package defaults

import "testing"

func TestAPodTakesWhatItLacksFromItsNamespaceAndNothingElse(t *testing.T) {
	namespace := map[string]string{"cluster.trainyard.io/run-for": "1h", "cluster.trainyard.io/exit-code": "3", "other": "x"}
	patch, err := Patch(namespace, map[string]string{"cluster.trainyard.io/exit-code": "0", "mine": "y"})
	if err != nil {
		t.Fatal(err)
	}
	wanted := `[{"op":"add","path":"/metadata/annotations","value":{"cluster.trainyard.io/exit-code":"0","cluster.trainyard.io/run-for":"1h","mine":"y"}}]`
	if string(patch) != wanted {
		t.Errorf("the patch is %s", patch)
	}
}

func TestAPodThatLacksNothingIsLeftAlone(t *testing.T) {
	patch, err := Patch(map[string]string{"other": "x"}, nil)
	if patch != nil || err != nil {
		t.Errorf("%s %v", patch, err)
	}
}
