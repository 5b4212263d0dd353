package hostnode

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"io.trainyard/cluster/children"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
)

const (
	exitOfStartError = 128
	pullBackOff      = time.Second
	configRetry      = time.Second
	// What a kubelet keeps of a termination message, and of a log that stands in for one.
	maxMessageBytes  = 4096
	maxFallbackBytes = 2048
	maxFallbackLines = 80
)

// exit is how one run of a container ended.
type exit struct {
	code                  int
	reason, message, id   string
	startedAt, finishedAt metav1.Time
}

// invocation is all that the process inside needs to become the container; it crosses over as JSON.
type invocation struct {
	Arguments        []string `json:"arguments"`
	Environment      []string `json:"environment"`
	WorkingDirectory string   `json:"workingDirectory"`
	HostName         string   `json:"hostName"`
	Mounts           []mount  `json:"mounts"`

	terminationFile string
	logFile         string
}

type mount struct {
	Source   string `json:"source"`
	Target   string `json:"target"`
	ReadOnly bool   `json:"readOnly"`
}

// pull fails for images whose names say so, over and over as a kubelet does, until the pod is stopped.
func (run *podRun) pull(container *corev1.Container, place func(*corev1.PodStatus) *corev1.ContainerStatus) bool {
	problem := pullable(container.Image)
	if problem == "" {
		return true
	}
	for {
		for _, state := range []corev1.ContainerState{
			waiting("ErrImagePull", problem),
			waiting("ImagePullBackOff", fmt.Sprintf("Back-off pulling image %q: ErrImagePull: %s", container.Image, problem)),
		} {
			run.change(func(status *corev1.PodStatus) { place(status).State = state })
			run.warn("Failed", "Error: %s", state.Waiting.Reason)
			if !run.pause(pullBackOff) {
				return false
			}
		}
		run.warn("Failed", "Failed to pull image %q: %s", container.Image, problem)
	}
}

// configure gathers what the container needs and waits while something is missing, such as a Secret.
func (run *podRun) configure(
	container *corev1.Container, restarts int, place func(*corev1.PodStatus) *corev1.ContainerStatus,
) (*invocation, bool) {
	for {
		made, err := run.invocation(container, restarts)
		if err == nil {
			return made, true
		}
		run.change(func(status *corev1.PodStatus) {
			place(status).State = waiting("CreateContainerConfigError", err.Error())
		})
		run.warn("Failed", "Error: %s", err)
		if !run.pause(configRetry) {
			return nil, false
		}
	}
}

func (run *podRun) invocation(container *corev1.Container, restarts int) (*invocation, error) {
	image := run.node.Images.find(container.Image)
	environment, err := run.environment(container, image)
	if err != nil {
		return nil, err
	}
	command, arguments := container.Command, container.Args
	if len(command) == 0 {
		command = image.Entrypoint
		if len(arguments) == 0 {
			arguments = image.Arguments
		}
	}
	made := &invocation{WorkingDirectory: container.WorkingDir, HostName: hostName(run.pod)}
	if made.WorkingDirectory == "" {
		made.WorkingDirectory = image.WorkingDirectory
	}
	expand := expansion.MappingFuncFor(environment)
	for _, word := range append(append([]string{}, command...), arguments...) {
		made.Arguments = append(made.Arguments, expansion.Expand(word, expand))
	}
	for name := range maps.Keys(environment) {
		made.Environment = append(made.Environment, name+"="+environment[name])
	}
	if made.Mounts, err = run.mounts(container, environment); err != nil {
		return nil, err
	}
	own := filepath.Join(run.folder, "containers", container.Name)
	if err := os.MkdirAll(own, 0o755); err != nil {
		return nil, err
	}
	made.logFile = filepath.Join(own, strconv.Itoa(restarts)+".log")
	made.terminationFile = filepath.Join(own, strconv.Itoa(restarts)+".termination")
	if err := os.WriteFile(made.terminationFile, nil, 0o666); err != nil {
		return nil, err
	}
	made.Mounts = append(made.Mounts, mount{Source: made.terminationFile, Target: container.TerminationMessagePath})
	return made, nil
}

func hostName(pod *corev1.Pod) string {
	if pod.Spec.Hostname != "" {
		return pod.Spec.Hostname
	}
	return pod.Name[:min(len(pod.Name), 63)]
}

// execute runs the container to its end; began is told when the command itself has started.
func (run *podRun) execute(container *corev1.Container, made *invocation, began func(id string, at metav1.Time)) exit {
	last := exit{startedAt: metav1.Now()}
	fail := func(problem string) exit {
		last.code, last.reason, last.finishedAt = exitOfStartError, "StartError", metav1.Now()
		last.message = "failed to create containerd task: failed to create shim task: OCI runtime create failed: " +
			"runc create failed: unable to start container process: " + problem
		run.warn("Failed", "Error: %s", last.message)
		return last
	}
	if len(made.Arguments) == 0 {
		return fail("no command specified: a host process has no image whose entrypoint could be taken")
	}
	log, err := openLog(made.logFile, run.node.RotationBytes)
	if err != nil {
		return fail(err.Error())
	}
	defer log.close()
	command := exec.Command("/proc/self/exe", InsideCommand)
	command.Env = []string{}
	command.Stdout, command.Stderr = log.stream(), log.stream()
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC, Setsid: true,
	}
	ended, problem := start(command, made)
	if problem != "" {
		return fail(problem)
	}
	last.id = "process://" + strconv.Itoa(command.Process.Pid)
	began(last.id, last.startedAt)
	err = run.await(command, ended)
	last.code, last.finishedAt = children.Exit(err, command), metav1.Now()
	last.message = terminationMessage(container, made, last.code)
	return last
}

// start answers why the command could not be started: the process inside writes it to a pipe, which an exec closes.
func start(command *exec.Cmd, made *invocation) (<-chan error, string) {
	encoded, err := json.Marshal(made)
	if err != nil {
		return nil, err.Error()
	}
	invocationRead, invocationWrite, err := os.Pipe()
	if err != nil {
		return nil, err.Error()
	}
	problemRead, problemWrite, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, invocationRead.Close(), invocationWrite.Close()).Error()
	}
	defer problemRead.Close()
	command.ExtraFiles = []*os.File{invocationRead, problemWrite}
	ended, err := children.Start(command)
	_, _ = invocationRead.Close(), problemWrite.Close()
	if err != nil {
		return nil, errors.Join(err, invocationWrite.Close()).Error()
	}
	_, err = invocationWrite.Write(encoded)
	err = errors.Join(err, invocationWrite.Close())
	problem, readErr := io.ReadAll(problemRead)
	if err = errors.Join(err, readErr); err != nil {
		problem = append(problem, err.Error()...)
	}
	if len(problem) > 0 {
		<-ended
	}
	return ended, string(problem)
}

// await passes a stop on: SIGTERM, then SIGKILL. The process is the first of its own pid namespace, so that the kernel ends
// all of its children with it; like every such process it dies of SIGTERM only if it has asked to.
func (run *podRun) await(command *exec.Cmd, ended <-chan error) error {
	select {
	case err := <-ended:
		return err
	case <-run.stopped:
	case <-run.alive.Done():
	}
	_ = command.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-ended:
		return err
	case <-run.gone:
	case <-run.alive.Done():
	case <-time.After(run.grace):
	}
	_ = command.Process.Kill()
	return <-ended
}

func terminationMessage(container *corev1.Container, made *invocation, code int) string {
	content, _ := os.ReadFile(made.terminationFile)
	if len(content) > 0 || code == 0 || container.TerminationMessagePolicy != corev1.TerminationMessageFallbackToLogsOnError {
		return string(content[:min(len(content), maxMessageBytes)])
	}
	return lastLines(made.logFile, maxFallbackLines, maxFallbackBytes)
}

func lastLines(file string, lines, bytes int) string {
	content, _ := os.ReadFile(file)
	var texts []string
	for line := range strings.Lines(string(content)) {
		_, text, _ := strings.Cut(line, " ")
		texts = append(texts, text)
	}
	joined := strings.Join(texts[max(0, len(texts)-lines):], "")
	return joined[max(0, len(joined)-bytes):]
}
