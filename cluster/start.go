package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"io.trainyard/cluster/certificates"
	"io.trainyard/cluster/controlplane"
	"io.trainyard/cluster/defaults"
	"io.trainyard/cluster/fakenodes"
	"io.trainyard/cluster/hostnode"
	"io.trainyard/cluster/manifests"
	"io.trainyard/cluster/operators"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
)

// cluster is everything that was started, in the order of starting.
type cluster struct {
	settings
	begun      time.Time
	log        *os.File
	authority  *certificates.Authority
	ports      *ports
	etcd       *embed.Etcd
	server     *apiServer
	address    string
	kubeconfig string
	config     *rest.Config
	client     *kubernetes.Clientset
	failures   chan error
}

func (made *cluster) phase(text string) {
	fmt.Fprintf(os.Stderr, "%7.3fs %s\n", time.Since(made.begun).Seconds(), text)
}

func (made *cluster) fail(err error) {
	select {
	case made.failures <- err:
	default:
	}
}

// start runs everything until running ends; starting limits how long it takes until all is ready.
func (made *cluster) start(running, starting context.Context) error {
	if err := made.prepareFolder(); err != nil {
		return err
	}
	if err := made.startStore(starting); err != nil {
		return err
	}
	made.phase("the API server is ready")
	if err := made.startNodes(running, starting); err != nil {
		return err
	}
	if err := made.startOperators(running, starting); err != nil {
		return err
	}
	if err := made.waitNodes(starting); err != nil {
		return err
	}
	made.phase("ready")
	return os.WriteFile(filepath.Join(made.folder, "ready"), []byte(made.address+"\n"), 0o600)
}

// startNodes starts what schedules pods and what runs them.
func (made *cluster) startNodes(running, starting context.Context) error {
	made.background(running, "kube-controller-manager", func() error {
		return controlplane.RunControllerManager(running, made.authority, made.kubeconfig)
	})
	made.background(running, "kube-scheduler", func() error {
		return controlplane.RunScheduler(running, made.folder, made.kubeconfig)
	})
	if err := fakenodes.Start(running, made.folder, made.kubeconfig, made.log); err != nil {
		return fmt.Errorf("KWOK: %w", err)
	}
	if err := fakenodes.Create(starting, made.client, made.size); err != nil {
		return fmt.Errorf("nodes: %w", err)
	}
	port, err := made.ports.port("defaults")
	if err != nil {
		return err
	}
	if err := defaults.Start(running, made.client, made.authority, port); err != nil {
		return fmt.Errorf("defaults of pods: %w", err)
	}
	if err := made.startHostNode(running); err != nil {
		return fmt.Errorf("host node: %w", err)
	}
	return nil
}

func (made *cluster) prepareFolder() error {
	if !made.keep {
		if err := os.RemoveAll(made.folder); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(made.folder, 0o700); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(made.folder, "ready")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	var err error
	if made.log, err = os.OpenFile(filepath.Join(made.folder, "components.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	logTo(made.log, made.verbosity)
	pid := fmt.Appendf(nil, "%d\n", os.Getpid())
	if err := os.WriteFile(filepath.Join(made.folder, "pid"), pid, 0o600); err != nil {
		return err
	}
	if made.ports, err = openPorts(made.folder); err != nil {
		return err
	}
	made.authority, err = certificates.Open(filepath.Join(made.folder, "certificates"))
	return err
}

// startStore starts etcd and the API server and makes the clients.
func (made *cluster) startStore(starting context.Context) error {
	etcdPort, err := made.ports.port("etcd")
	if err != nil {
		return err
	}
	peerPort, err := made.ports.port("etcd-peer")
	if err != nil {
		return err
	}
	if made.etcd, err = controlplane.StartEtcd(made.folder, etcdPort, peerPort); err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	if made.port != 0 {
		err = made.ports.choose("api", made.port)
	} else {
		made.port, err = made.ports.port("api")
	}
	if err != nil {
		return err
	}
	if err := made.writeAccess(); err != nil {
		return err
	}
	made.server = &apiServer{
		arguments: made.apiServerArguments(etcdPort), log: made.log, fail: made.fail,
		client: func() (*rest.RESTClient, error) { return rest.UnversionedRESTClientFor(unversioned(made.config)) },
	}
	if err := made.server.start(starting); err != nil {
		return err
	}
	return serveControl(context.Background(), made.folder, made.server)
}

func unversioned(config *rest.Config) *rest.Config {
	copied := rest.CopyConfig(config)
	copied.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	return copied
}

// events are what the nodes report of pods, beside their statuses.
func (made *cluster) events(running context.Context) record.EventRecorder {
	broadcaster := record.NewBroadcaster(record.WithContext(running))
	broadcaster.StartRecordingToSink(&typed.EventSinkImpl{Interface: made.client.CoreV1().Events("")})
	return broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet"})
}

func (made *cluster) background(running context.Context, name string, work func() error) {
	go func() {
		if err := work(); err != nil && running.Err() == nil {
			made.fail(fmt.Errorf("%s: %w", name, err))
		}
	}()
}

func (made *cluster) startHostNode(running context.Context) error {
	if made.hostNode == "" {
		return nil
	}
	images, err := hostnode.ReadImages(made.images)
	if err != nil {
		return err
	}
	port, err := made.ports.port(made.hostNode)
	if err != nil {
		return err
	}
	_, err = hostnode.Start(running, hostnode.Settings{
		Name: made.hostNode, Folder: filepath.Join(made.folder, made.hostNode), Port: port, Tainted: made.hostTainted,
		Images: images, RotationBytes: made.rotationBytes, Authority: made.authority, Cluster: made.client, Events: made.events(running),
	})
	return err
}

func (made *cluster) startOperators(running, starting context.Context) error {
	objects, err := dynamic.NewForConfig(made.config)
	if err != nil {
		return err
	}
	installer := manifests.Installer{Client: objects}
	if err := installer.Definitions(starting); err != nil {
		return err
	}
	made.phase("definitions are established")
	host := operators.Host{
		Config: made.config, Kubeconfig: made.kubeconfig, Authority: made.authority, Installer: installer, Folder: made.folder, Port: made.ports.port, Fail: made.fail,
	}
	if err := host.Start(running, starting, made.operators); err != nil {
		return err
	}
	made.phase("operators and their webhooks are ready")
	return installer.Runtimes(starting)
}

// waitNodes waits until pods can be made and scheduled.
func (made *cluster) waitNodes(starting context.Context) error {
	for {
		ready, err := made.nodesReady(starting)
		if ready {
			return nil
		}
		select {
		case <-starting.Done():
			return fmt.Errorf("the nodes and the default service account are not ready: %w", errors.Join(err, starting.Err()))
		case <-time.After(readyPoll):
		}
	}
}

func (made *cluster) nodesReady(starting context.Context) (bool, error) {
	if _, err := made.client.CoreV1().ServiceAccounts("default").Get(starting, "default", metav1.GetOptions{}); err != nil {
		return false, err
	}
	nodes, err := made.client.CoreV1().Nodes().List(starting, metav1.ListOptions{})
	if err != nil {
		return false, err
	}
	for _, node := range nodes.Items {
		for _, taint := range node.Spec.Taints {
			if taint.Key == corev1.TaintNodeNotReady || taint.Key == corev1.TaintNodeUnreachable {
				return false, fmt.Errorf("%s has the taint %s", node.Name, taint.Key)
			}
		}
		isReady := false
		for _, condition := range node.Status.Conditions {
			isReady = isReady || condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
		}
		if !isReady {
			return false, fmt.Errorf("%s is not ready", node.Name)
		}
	}
	return len(nodes.Items) > 0 || made.size.Nodes == 0, nil
}

// stop lets the API server go last but one: its clients have ended by then, and etcd serves it to its end.
func (made *cluster) stop() {
	made.phase("stopping")
	if made.server != nil {
		if err := made.server.stop(syscall.SIGTERM); err != nil {
			fmt.Fprintln(os.Stderr, "cluster:", err)
		}
	}
	if made.etcd != nil {
		made.etcd.Close()
	}
	made.phase("stopped")
}
