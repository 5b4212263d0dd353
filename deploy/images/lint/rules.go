package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// The labels that every image has to have of itself; its version and revision it is told.
var labels = []string{
	"org.opencontainers.image.title",
	"org.opencontainers.image.description",
	"org.opencontainers.image.licenses",
	"io.trainyard.sbom",
}

// Pod Security "restricted" judges the number; a name could be anybody's.
var numericUser = regexp.MustCompile(`^[1-9][0-9]*(:[0-9]+)?$`)

// started is what the house wants of an image as it is started.
func (source *dockerfile) started(image string, configuration Configuration) []Finding {
	var found []Finding
	say := func(rule, text string) {
		found = append(found, Finding{source.name, source.last(), rule, text})
	}
	if !numericUser.MatchString(configuration.User) {
		say("NumericUser", "the image "+image+" runs as \""+configuration.User+"\"; it needs a number other than 0")
	}
	if len(configuration.Entrypoint) == 0 {
		say("Entrypoint", "the image "+image+" has no entry point")
	}
	for _, label := range labels {
		if configuration.Labels[label] == "" {
			say("Label", "the image "+image+" lacks the label "+label)
		}
	}
	return found
}

// house is what the house wants of the file, whatever image is made of it.
func (source *dockerfile) house() []Finding {
	stages, arguments, err := instructions.Parse(source.parsed.AST, nil)
	if err != nil {
		return []Finding{{source.name, 1, "DoesNotParse", err.Error()}}
	}
	var found []Finding
	say := func(location []parser.Range, rule, text string) {
		line := 1
		if len(location) > 0 {
			line = location[0].Start.Line
		}
		found = append(found, Finding{source.name, line, rule, text})
	}
	for _, argument := range arguments {
		for _, pair := range argument.Args {
			if pair.Key == "BASE" && pair.Value != nil && !pinned(*pair.Value) {
				say(argument.Location(), "UnpinnedBase", *pair.Value+" names no release: give a tag other than latest, or a digest")
			}
		}
	}
	for _, stage := range stages {
		if !known(stages, stage.BaseName) && !pinned(stage.BaseName) {
			say(stage.Location, "UnpinnedBase", stage.BaseName+" names no release: give a tag other than latest, or a digest")
		}
		for _, command := range stage.Commands {
			source.command(command, say)
		}
	}
	return found
}

// makes says whether there is a stage of that name; without one the word would be taken for an image of a registry.
func (source *dockerfile) makes(image string) bool {
	stages, _, err := instructions.Parse(source.parsed.AST, nil)
	return err == nil && known(stages, image)
}

func known(stages []instructions.Stage, name string) bool {
	if strings.Contains(name, "$") || name == "scratch" {
		return true // an argument, whose default is looked at where it is declared
	}
	for _, stage := range stages {
		if strings.EqualFold(stage.Name, name) {
			return true
		}
	}
	return false
}

func pinned(image string) bool {
	if strings.Contains(image, "@sha256:") {
		return true
	}
	_, tag, tagged := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	return tagged && tag != "latest"
}

func (source *dockerfile) command(command instructions.Command, say func([]parser.Range, string, string)) {
	switch each := command.(type) {
	case *instructions.HealthCheckCommand:
		say(each.Location(), "Healthcheck", "a job has no health to ask for: its events say how it is")
	case *instructions.AddCommand:
		say(each.Location(), "Add", "ADD fetches and unpacks what nobody checks; use COPY")
	case *instructions.CopyCommand:
		if each.From == "" {
			for _, path := range each.SourcePaths {
				if reason := source.missing(path); reason != "" {
					say(each.Location(), "CopyFromContext", path+" "+reason)
				}
			}
		}
	case *instructions.RunCommand:
		line := strings.Join(each.CmdLine, " ")
		if strings.Contains(line, "apt-get install") && !strings.Contains(line, "--no-install-recommends") {
			say(each.Location(), "Recommends", "apt-get install without --no-install-recommends brings what nobody asked for")
		}
		if strings.Contains(line, "pip install") && !strings.Contains(line, "--require-hashes") {
			say(each.Location(), "Hashes", "pip install without --require-hashes takes whatever the index answers")
		}
	}
}

// missing says why a build would not find a path of its context.
func (source *dockerfile) missing(path string) string {
	if _, err := os.Stat(filepath.Join(source.folder, path)); err != nil {
		return "is not there"
	}
	file, err := os.Open(filepath.Join(source.folder, ".dockerignore"))
	if err != nil {
		return ""
	}
	defer file.Close()
	patterns, err := ignorefile.ReadAll(file)
	if err != nil {
		return "is judged by a .dockerignore that cannot be read"
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return "is judged by a .dockerignore with a pattern that is none"
	}
	if ignored, err := matcher.MatchesOrParentMatches(filepath.Clean(path)); err == nil && ignored {
		return "is kept out by .dockerignore"
	}
	return ""
}

func (source *dockerfile) last() int {
	children := source.parsed.AST.Children
	if len(children) == 0 {
		return 1
	}
	return children[len(children)-1].StartLine
}
