package main

import (
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"io.trainyard/cluster/certificates"
	"io.trainyard/cluster/controlplane"
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
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
)

const (
	startTimeout     = 3 * time.Minute
	queriesPerSecond = 500
	queryBurst       = 1000
	// Set in a process that has a mount namespace of its own already.
	ownMounts = "TRAINYARD_CLUSTER_OWN_MOUNTS"
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

func run(arguments []string) error {
	chosen, err := parseSettings(arguments)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := unshareMounts(chosen); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if chosen.stopWithInput {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}
	made := &cluster{settings: chosen, begun: time.Now(), failures: make(chan error, 16)}
	starting, cancel := context.WithTimeout(ctx, startTimeout)
	err = made.start(ctx, starting)
	cancel()
	if err == nil {
		fmt.Println("READY", made.kubeconfig)
		select {
		case <-ctx.Done():
		case err = <-made.failures:
		}
	}
	stop()
	made.stop()
	return err
}

// unshareMounts begins this program again in a mount namespace of its own, so that the kernel takes every mount of the host
// node away with it, however it ends. A namespace belongs to a thread; the exec makes this thread the only one.
func unshareMounts(chosen settings) error {
	if chosen.hostNode == "" || os.Geteuid() != 0 || os.Getenv(ownMounts) != "" {
		return nil
	}
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
		return fmt.Errorf("a mount namespace for the host node (start without it: --host-node ''): %w", err)
	}
	// What is mounted on the machine later is seen here too, but not the other way round.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SLAVE, ""); err != nil {
		return err
	}
	return syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), ownMounts+"=1"))
}

func logTo(out io.Writer, verbosity int) {
	flags := flag.NewFlagSet("klog", flag.PanicOnError)
	klog.InitFlags(flags)
	_ = flags.Parse([]string{"-logtostderr=false", "-alsologtostderr=false", "-stderrthreshold=FATAL", "-v=" + strconv.Itoa(verbosity)})
	klog.SetOutput(out)
	ctrl.SetLogger(klog.NewKlogr())
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
	events := made.events(running)
	made.background(running, "kube-controller-manager", func() error {
		return controlplane.RunControllerManager(running, made.authority, made.kubeconfig)
	})
	made.background(running, "kube-scheduler", func() error {
		return controlplane.RunScheduler(running, made.folder, made.kubeconfig)
	})
	if err := fakenodes.Start(running, made.folder, made.kubeconfig); err != nil {
		return fmt.Errorf("KWOK: %w", err)
	}
	if err := fakenodes.Create(starting, made.client, made.size); err != nil {
		return fmt.Errorf("nodes: %w", err)
	}
	if err := made.startHostNode(running, events); err != nil {
		return fmt.Errorf("host node: %w", err)
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
		arguments: apiServerArguments(made.authority, made.port, etcdPort, made.verbosity), log: made.log, fail: made.fail,
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

// writeAccess writes the certificates, the token and the kubeconfig of the administrator.
func (made *cluster) writeAccess() error {
	if _, _, err := made.authority.Pair("server", "kube-apiserver"); err != nil {
		return err
	}
	certificate, key, err := made.authority.Pair("admin", "admin", "system:masters")
	if err != nil {
		return err
	}
	tokens := []byte("admin-token,admin,admin,\"system:masters\"\n")
	if err := os.WriteFile(made.authority.Path("tokens.csv"), tokens, 0o600); err != nil {
		return err
	}
	made.address = fmt.Sprintf("https://127.0.0.1:%d", made.port)
	made.kubeconfig = filepath.Join(made.folder, "kubeconfig")
	encode := base64.StdEncoding.EncodeToString
	content := fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: trainyard
clusters:
- name: trainyard
  cluster: {server: %q, certificate-authority-data: %s}
users:
- name: admin
  user: {client-certificate-data: %s, client-key-data: %s}
contexts:
- name: trainyard
  context: {cluster: trainyard, user: admin}
`, made.address, encode(made.authority.PEM), encode(certificate), encode(key))
	if err := os.WriteFile(made.kubeconfig, content, 0o600); err != nil {
		return err
	}
	if made.config, err = clientcmd.BuildConfigFromFlags("", made.kubeconfig); err != nil {
		return err
	}
	made.config.QPS, made.config.Burst = queriesPerSecond, queryBurst
	made.client, err = kubernetes.NewForConfig(made.config)
	return err
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

func (made *cluster) startHostNode(running context.Context, events record.EventRecorder) error {
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
		Images: images, RotationBytes: made.rotationBytes, Authority: made.authority, Cluster: made.client, Events: events,
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
		Config: made.config, Authority: made.authority, Installer: installer, Folder: made.folder, Port: made.ports.port, Fail: made.fail,
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
