package fakenodes

import (
	"bytes"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"text/template"
)

// Prefix begins every annotation that scripts a pod.
const Prefix = "cluster.trainyard.io/"

//go:embed stages.yaml
var stagesTemplate string

// A container that never starts. Message is a template of KWOK over one container.
type waitingScript struct {
	Script, Reason, Message, Event, EventMessage string
}

var waitingScripts = []waitingScript{
	{
		"image-pull-back-off", "ImagePullBackOff",
		`printf "Back-off pulling image \"%s\": ErrImagePull: failed to pull and unpack image \"%s\": not found" .image .image`,
		"Failed", "Error: ImagePullBackOff",
	},
	{
		"err-image-pull", "ErrImagePull",
		`printf "failed to pull and unpack image \"%s\": failed to resolve reference: 401 Unauthorized" .image`,
		"Failed", "Error: ErrImagePull",
	},
	{
		"invalid-image-name", "InvalidImageName",
		`printf "Failed to apply default image tag \"%s\": couldn't parse image name: invalid reference format" .image`,
		"InspectFailed", "Failed to apply default image tag: invalid reference format",
	},
	{
		"create-container-config-error", "CreateContainerConfigError", `"secret \"missing\" not found"`,
		"Failed", `Error: secret "missing" not found`,
	},
	{
		"create-container-error", "CreateContainerError", `"context deadline exceeded"`,
		"Failed", "Error: context deadline exceeded",
	},
	{
		"failed-mount", "ContainerCreating", `""`,
		"FailedMount", `MountVolume.SetUp failed for volume "data" : persistentvolumeclaim "data" not found`,
	},
	{
		"failed-sandbox", "ContainerCreating", `""`,
		"FailedCreatePodSandBox", "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox",
	},
}

// A pod that ends otherwise than by its own exit. A silent one keeps its containers' last known state.
type endingScript struct {
	Script, Code, Reason  string
	PodReason, PodMessage string
	Disruption            string
	Event                 string
	Silent                bool
}

// Ready is the reason of the Ready condition.
func (script endingScript) Ready() string {
	if script.Silent {
		return "NodeNotReady"
	}
	return "PodFailed"
}

var endingScripts = []endingScript{
	{Script: "oom-killed", Code: "137", Reason: "OOMKilled"},
	{
		Script: "evicted", Code: "137", Reason: "Error", PodReason: "Evicted", Event: "Evicted",
		PodMessage: "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 2Gi. ",
		Disruption: "TerminationByKubelet",
	},
	{
		Script: "node-shutdown", Code: "143", Reason: "Error", PodReason: "Terminated",
		PodMessage: "Pod was terminated in response to imminent node shutdown.", Disruption: "TerminationByKubelet",
	},
	{
		Script: "preempted", Code: "143", Reason: "Error", Event: "Preempted",
		PodMessage: "default-scheduler: preempting to accommodate a higher priority pod", Disruption: "PreemptionByScheduler",
	},
	{
		Script: "drained", Code: "143", Reason: "Error",
		PodMessage: "Eviction API: evicting", Disruption: "EvictionByEvictionAPI",
	},
	{
		Script: "tainted", Code: "143", Reason: "Error",
		PodMessage: "Taint manager: deleting due to NoExecute taint", Disruption: "DeletionByTaintManager",
	},
	{
		Script: "node-lost", Silent: true, Event: "NodeNotReady", PodReason: "NodeLost",
		PodMessage: "Node which was running the pod is unresponsive",
	},
	{
		Script: "device-lost", Code: "128", Reason: "Error", PodReason: "UnexpectedAdmissionError", Event: "UnexpectedAdmissionError",
		PodMessage: "Allocate failed due to no healthy devices present; cannot allocate unhealthy devices nvidia.com/gpu, which is unexpected",
	},
	{
		Script: "deadline-exceeded", Code: "143", Reason: "Error", PodReason: "DeadlineExceeded", Event: "DeadlineExceeded",
		PodMessage: "Pod was active on the node longer than the specified deadline",
	},
	{
		Script: "start-error", Code: "128", Reason: "StartError",
	},
}

// Scripts that have a stage of their own.
var otherScripts = []string{"crash-loop-back-off"}

// Stages renders what KWOK loads.
func Stages() ([]byte, error) {
	waiting := make([]string, 0, len(waitingScripts))
	for _, script := range waitingScripts {
		waiting = append(waiting, script.Script)
	}
	ending := append([]string{}, otherScripts...)
	for _, script := range endingScripts {
		ending = append(ending, script.Script)
	}
	parsed, err := template.New("stages").Delims("[[", "]]").Funcs(template.FuncMap{
		"mark":           func(name string) string { return Prefix + name },
		"join":           func(names []string) string { return strings.Join(names, ", ") },
		"quote":          strconv.Quote,
		"values":         pairs,
		"waiting":        func() []waitingScript { return waitingScripts },
		"waitingScripts": func() []string { return waiting },
		"ending":         func() []endingScript { return endingScripts },
		"endingScripts":  func() []string { return ending },
	}).Parse(stagesTemplate)
	if err != nil {
		return nil, err
	}
	var rendered bytes.Buffer
	err = parsed.Execute(&rendered, nil)
	return rendered.Bytes(), err
}

func pairs(keysAndValues ...string) (map[string]string, error) {
	if len(keysAndValues)%2 != 0 {
		return nil, fmt.Errorf("values: %d words are no pairs", len(keysAndValues))
	}
	values := map[string]string{}
	for index := 0; index < len(keysAndValues); index += 2 {
		values[keysAndValues[index]] = keysAndValues[index+1]
	}
	return values, nil
}
