package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Each file under testdata says in its first line which rules it breaks: "# breaks: Rule Rule", or none.
func TestEachFileBreaksTheRulesThatItSays(t *testing.T) {
	files, err := filepath.Glob("testdata/*.Dockerfile")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no files to judge", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(content), "\n")
			wanted, says := strings.CutPrefix(first, "# breaks:")
			if !says {
				t.Fatal("its first line does not say what it breaks")
			}
			source, err := read("testdata/context", file)
			if err != nil {
				t.Fatal(err)
			}
			found, _ := source.judge(context.Background(), []string{""})
			var broken []string
			for _, finding := range found {
				if !slices.Contains(broken, finding.Rule) {
					broken = append(broken, finding.Rule)
				}
			}
			slices.Sort(broken)
			if !slices.Equal(broken, strings.Fields(wanted)) {
				t.Errorf("breaks %v, not %v: %v", broken, strings.Fields(wanted), found)
			}
		})
	}
}

func TestWhatIsNoDockerfileIsNotRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "Dockerfile")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := read(".", file); err == nil {
		t.Error("an empty file was read")
	}
}

func TestAnArgumentOfTheBuildChoosesTheStage(t *testing.T) {
	source, err := read("testdata/context", "testdata/good.Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	found, configurations := source.judge(context.Background(), []string{"first", "second", "third"})
	if len(configurations) != 2 || configurations["second"].User != "1001" || configurations["first"].User != "1000" {
		t.Errorf("%v", configurations)
	}
	if len(found) != 1 || found[0].Rule != "UnknownImage" {
		t.Errorf("a stage that is not there was found: %v", found)
	}
}
