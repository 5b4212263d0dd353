package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"

	"io.trainyard/cluster/controlplane"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// writeAccess writes the certificates, the token and the kubeconfig of the administrator.
func (made *cluster) writeAccess() error {
	if _, _, err := made.authority.Pair("server", "kube-apiserver"); err != nil {
		return err
	}
	if _, _, err := made.authority.Pair(controlplane.FrontProxy, controlplane.FrontProxy); err != nil {
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
