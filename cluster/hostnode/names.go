package hostnode

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/cache"
)

const (
	clusterDomain = "cluster.local"
	// Blocks 127.<n>.0.0/16 of the loopback network, of which each cluster on the machine claims one.
	firstBlock, lastBlock = 64, 126
	dnsPort               = 53
	answerSeconds         = 1
	maxMessage            = 4096
	upstreamTimeout       = 3 * time.Second
)

// names answers DNS for the pods of the node. Serving at 127.<block>.0.53 is also what claims the block: two clusters on
// one machine never give the same address to two pods.
type names struct {
	block    int
	services cache.Store
	pods     cache.Store
	upstream []string
}

func serveNames(ctx context.Context, services, pods cache.Store) (*names, error) {
	server := &names{services: services, pods: pods, upstream: upstreamServers()}
	var socket net.PacketConn
	for server.block = firstBlock; ; server.block++ {
		var err error
		socket, err = net.ListenPacket("udp4", fmt.Sprintf("%s:%d", server.address(), dnsPort))
		if err == nil {
			break
		}
		if server.block == lastBlock || !errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("serve names for pods: %w", err)
		}
	}
	go func() {
		<-ctx.Done()
		_ = socket.Close()
	}()
	go server.serve(socket)
	return server, nil
}

func (server *names) address() string { return fmt.Sprintf("127.%d.0.53", server.block) }

func (server *names) serve(socket net.PacketConn) {
	for {
		packet := make([]byte, maxMessage)
		length, from, err := socket.ReadFrom(packet)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		go func() {
			if reply := server.reply(packet[:length]); reply != nil {
				_, _ = socket.WriteTo(reply, from)
			}
		}()
	}
}

// reply answers for the cluster's own domain, and asks the machine's servers about every other.
func (server *names) reply(packet []byte) []byte {
	var query dnsmessage.Message
	if err := query.Unpack(packet); err != nil || len(query.Questions) != 1 {
		return nil
	}
	question := query.Questions[0]
	name := strings.ToLower(strings.TrimSuffix(question.Name.String(), "."))
	if name != clusterDomain && !strings.HasSuffix(name, "."+clusterDomain) {
		return server.forward(packet)
	}
	answer := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: query.ID, Response: true, Authoritative: true,
			RecursionDesired: query.RecursionDesired, RecursionAvailable: true,
		},
		Questions: query.Questions,
	}
	addresses := server.resolve(name)
	if len(addresses) == 0 {
		answer.RCode = dnsmessage.RCodeNameError
	}
	if question.Type == dnsmessage.TypeA {
		for _, address := range addresses {
			answer.Answers = append(answer.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, TTL: answerSeconds},
				Body:   &dnsmessage.AResource{A: address.As4()},
			})
		}
	}
	packed, err := answer.Pack()
	if err != nil {
		return nil
	}
	return packed
}

// resolve knows "service.namespace.svc" and "host.service.namespace.svc" of headless services.
func (server *names) resolve(name string) []netip.Addr {
	parts := strings.Split(strings.TrimSuffix(name, "."+clusterDomain), ".")
	if len(parts) < 3 || len(parts) > 4 || parts[len(parts)-1] != "svc" {
		return nil
	}
	namespace, serviceName, host := parts[len(parts)-2], parts[len(parts)-3], ""
	if len(parts) == 4 {
		host = parts[0]
	}
	object, exists, err := server.services.GetByKey(namespace + "/" + serviceName)
	service, isService := object.(*corev1.Service)
	if err != nil || !exists || !isService || service.Spec.ClusterIP != corev1.ClusterIPNone || len(service.Spec.Selector) == 0 {
		return nil
	}
	var addresses []netip.Addr
	for _, object := range server.pods.List() {
		pod, isPod := object.(*corev1.Pod)
		if !isPod || pod.Namespace != namespace || !selected(service, pod) {
			continue
		}
		if host != "" && (pod.Spec.Subdomain != serviceName || hostName(pod) != host) {
			continue
		}
		if address, err := netip.ParseAddr(pod.Status.PodIP); err == nil {
			addresses = append(addresses, address)
		}
	}
	slices.SortFunc(addresses, netip.Addr.Compare)
	return addresses
}

// selected leaves out pods that are over, and those not ready unless the service wants them.
func selected(service *corev1.Service, pod *corev1.Pod) bool {
	if ended(pod) || !labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod.Labels)) {
		return false
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue && pod.DeletionTimestamp == nil {
			return true
		}
	}
	return service.Spec.PublishNotReadyAddresses
}

func (server *names) forward(packet []byte) []byte {
	for _, upstream := range server.upstream {
		connection, err := net.DialTimeout("udp", net.JoinHostPort(upstream, "53"), upstreamTimeout)
		if err != nil {
			continue
		}
		reply := make([]byte, maxMessage)
		_ = connection.SetDeadline(time.Now().Add(upstreamTimeout))
		_, err = connection.Write(packet)
		length := 0
		if err == nil {
			length, err = connection.Read(reply)
		}
		_ = connection.Close()
		if err == nil {
			return reply[:length]
		}
	}
	var query dnsmessage.Message
	if query.Unpack(packet) != nil {
		return nil
	}
	query.Response, query.RCode = true, dnsmessage.RCodeServerFailure
	packed, _ := query.Pack()
	return packed
}

func upstreamServers() []string {
	content, _ := os.ReadFile("/etc/resolv.conf")
	var servers []string
	for line := range strings.Lines(string(content)) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == "nameserver" {
			servers = append(servers, fields[1])
		}
	}
	return servers
}

var hostsLine = regexp.MustCompile(`(?m)^hosts:.*$`)

// makeFiles writes what the C library reads to resolve names, as a kubelet does.
func (run *podRun) makeFiles() error {
	if err := os.MkdirAll(run.folder, 0o755); err != nil {
		return err
	}
	host, namespace := hostName(run.pod), run.pod.Namespace
	known := host
	if run.pod.Spec.Subdomain != "" {
		known = fmt.Sprintf("%s.%s.%s.svc.%s %s", host, run.pod.Spec.Subdomain, namespace, clusterDomain, host)
	}
	order, err := os.ReadFile("/etc/nsswitch.conf")
	if err != nil {
		order = []byte("hosts: files dns\n")
	}
	files := map[string]string{
		"hosts": fmt.Sprintf("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n%s\t%s\n", run.address, known),
		"resolv.conf": fmt.Sprintf("search %s.svc.%s svc.%s %s\nnameserver %s\noptions ndots:5 timeout:5\n",
			namespace, clusterDomain, clusterDomain, clusterDomain, run.node.names.address()),
		// A resolver daemon of the machine would answer with the machine's names.
		"nsswitch.conf": hostsLine.ReplaceAllString(string(order), "hosts: files dns"),
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(run.folder, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (run *podRun) nameFiles() []mount {
	var mounts []mount
	for _, name := range []string{"hosts", "resolv.conf", "nsswitch.conf"} {
		// A mount follows links, so one that leads nowhere cannot be mounted over.
		if target, err := filepath.EvalSymlinks("/etc/" + name); err == nil {
			mounts = append(mounts, mount{Source: filepath.Join(run.folder, name), Target: target})
		}
	}
	return mounts
}
