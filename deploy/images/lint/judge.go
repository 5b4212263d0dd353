package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/opencontainers/go-digest"
)

// A Finding is one broken rule, at a line of the file.
type Finding struct {
	File string
	Line int
	Rule string
	Text string
}

func (finding Finding) String() string {
	return fmt.Sprintf("%s:%d: %s: %s", finding.File, finding.Line, finding.Rule, finding.Text)
}

// A Configuration is what an image says of its start.
type Configuration struct {
	User       string            `json:"user"`
	Entrypoint []string          `json:"entrypoint"`
	Cmd        []string          `json:"cmd,omitempty"`
	WorkingDir string            `json:"working_dir"`
	Env        []string          `json:"env"`
	Labels     map[string]string `json:"labels"`
}

type dockerfile struct {
	name    string
	folder  string
	content []byte
	parsed  *parser.Result
}

func read(folder, name string) (*dockerfile, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("%s is no Dockerfile: %w", name, err)
	}
	return &dockerfile{name, folder, content, parsed}, nil
}

// judge looks at every image; what several of them break is told once.
func (source *dockerfile) judge(ctx context.Context, images []string) ([]Finding, map[string]Configuration) {
	configurations := map[string]Configuration{}
	found := source.house()
	for _, image := range images {
		arguments := map[string]string{}
		if image != "" {
			if !source.makes(image) {
				found = append(found, Finding{source.name, source.last(), "UnknownImage", image + " is no stage"})
				continue
			}
			arguments["IMAGE"] = image
		}
		configuration, findings := source.converted(ctx, arguments)
		found = append(found, findings...)
		if configuration != nil {
			found = append(found, source.started(image, *configuration)...)
			configurations[image] = *configuration
		}
	}
	slices.SortStableFunc(found, func(a, b Finding) int { return a.Line - b.Line })
	return slices.Compact(found), configurations
}

// converted has BuildKit make its build graph of the file, which is where most of its rules are looked at.
func (source *dockerfile) converted(ctx context.Context, arguments map[string]string) (*Configuration, []Finding) {
	var found []Finding
	warn := func(rule, _, _, message string, location []parser.Range) {
		line := 1
		if len(location) > 0 {
			line = location[0].Start.Line
		}
		found = append(found, Finding{source.name, line, rule, message})
	}
	result, err := dockerfile2llb.Dockerfile2LLB(ctx, source.content, dockerfile2llb.ConvertOpt{
		Config:       dockerui.Config{BuildArgs: arguments},
		MetaResolver: nothing{},
		Warn:         warn,
	})
	if err != nil {
		line := 1
		var located *parser.LocationError
		if errors.As(err, &located) && len(located.Locations) > 0 && len(located.Locations[0]) > 0 {
			line = located.Locations[0][0].Start.Line
		}
		return nil, append(found, Finding{source.name, line, "DoesNotBuild", err.Error()})
	}
	config := result.Image.Config
	return &Configuration{
		config.User, config.Entrypoint, config.Cmd, config.WorkingDir, config.Env, config.Labels,
	}, found
}

// nothing stands for a registry that is not asked: every base is an empty Linux.
type nothing struct{}

func (nothing) ResolveImageConfig(
	_ context.Context, ref string, _ sourceresolver.Opt,
) (string, digest.Digest, []byte, error) {
	config, err := json.Marshal(map[string]any{"architecture": "amd64", "os": "linux", "config": map[string]any{}})
	return ref, digest.FromBytes(config), config, err
}

var _ llb.ImageMetaResolver = nothing{}
