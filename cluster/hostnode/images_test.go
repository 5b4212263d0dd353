package hostnode

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheFirstImageThatFitsIsTaken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "images.yaml")
	content := `
- name: registry.test/trainer:*
  entrypoint: [/opt/python, -m, trainer]
  environment: {PATH: /opt}
- name: registry.test/*
  entrypoint: [/bin/true]
`
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	images, err := ReadImages(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, wanted := range map[string]string{"registry.test/trainer:1": "/opt/python", "registry.test/other": "/bin/true"} {
		if got := images.find(name).Entrypoint[0]; got != wanted {
			t.Errorf("%s starts %s, not %s", name, got, wanted)
		}
	}
	if got := images.find("elsewhere/x"); got.Entrypoint != nil {
		t.Errorf("an unknown image has the entrypoint %v", got.Entrypoint)
	}
}

func TestAMisspeltFieldOfAnImageIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "images.yaml")
	if err := os.WriteFile(file, []byte("- {name: x, entrypiont: [a]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadImages(file); err == nil {
		t.Error("it was read")
	}
}

func TestOnlyImagesThatSayMissingCannotBePulled(t *testing.T) {
	for name, can := range map[string]bool{"missing/trainer:1": false, "trainer:missing": false, "trainer:1": true, "not/missing/x": true} {
		if got := pullable(name) == ""; got != can {
			t.Errorf("%s can be pulled: %v", name, got)
		}
	}
}
