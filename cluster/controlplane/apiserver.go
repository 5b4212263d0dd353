package controlplane

import (
	"context"
	"fmt"
	"os"

	"io.trainyard/cluster/certificates"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// FrontProxy is the name by which the API server asks the servers of other API groups, which are Kueue's positions in queues.
const FrontProxy = "front-proxy-client"

// Every request once, when it is answered; a watch when it is opened.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
`

// RunAPIServer serves until the context ends.
//
// Without --endpoint-reconciler-type=none it refuses to advertise a loopback address. The two plugins over the default
// place a namespace's pods by its annotations, which is how tests send pods to the host node.
func RunAPIServer(ctx context.Context, authority *certificates.Authority, port, etcdPort int, audit string) error {
	server := options.NewServerRunOptions()
	arguments := []string{
		fmt.Sprintf("--etcd-servers=http://127.0.0.1:%d", etcdPort),
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port),
		"--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=10.0.0.0/16",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + authority.Path("service-accounts.key"),
		"--service-account-signing-key-file=" + authority.Path("service-accounts.key"),
		"--client-ca-file=" + authority.Path("ca.crt"),
		"--tls-cert-file=" + authority.Path("server.crt"), "--tls-private-key-file=" + authority.Path("server.key"),
		"--kubelet-client-certificate=" + authority.Path("admin.crt"), "--kubelet-client-key=" + authority.Path("admin.key"),
		"--kubelet-certificate-authority=" + authority.Path("ca.crt"),
		"--kubelet-preferred-address-types=InternalIP",
		"--requestheader-client-ca-file=" + authority.Path("ca.crt"), "--requestheader-allowed-names=" + FrontProxy,
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + authority.Path(FrontProxy+".crt"), "--proxy-client-key-file=" + authority.Path(FrontProxy+".key"),
		"--token-auth-file=" + authority.Path("tokens.csv"),
		"--authorization-mode=RBAC", "--allow-privileged=true",
		"--enable-admission-plugins=PodNodeSelector,PodTolerationRestriction",
		"--enable-priority-and-fairness=false",
		"--max-requests-inflight=2000", "--max-mutating-requests-inflight=1000",
		"--profiling=false",
	}
	if audit != "" {
		policy := authority.Path("audit-policy.yaml")
		if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
			return err
		}
		arguments = append(arguments, "--audit-policy-file="+policy, "--audit-log-path="+audit, "--audit-log-maxsize=10000")
	}
	if err := parse("kube-apiserver", server.Flags(), arguments); err != nil {
		return err
	}
	if err := server.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return err
	}
	completed, err := server.Complete(ctx)
	if err != nil {
		return err
	}
	if problems := completed.Validate(); len(problems) != 0 {
		return utilerrors.NewAggregate(problems)
	}
	return app.Run(ctx, completed)
}
