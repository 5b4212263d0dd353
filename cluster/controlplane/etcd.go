// Package controlplane runs etcd, kube-apiserver, kube-controller-manager and kube-scheduler. The cobra commands of these
// programs cannot be used in one process: each takes the signals, and the second panics. Their options and Run can.
package controlplane

import (
	"fmt"
	"net/url"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/embed"
)

const etcdQuotaBytes = 4 << 30

// StartEtcd starts etcd under folder and returns when it serves.
func StartEtcd(folder string, clientPort, peerPort int) (*embed.Etcd, error) {
	config := embed.NewConfig()
	config.Dir = filepath.Join(folder, "etcd")
	config.LogLevel = "error"
	// A test cluster outlives kill -9 (the kernel keeps what was written), and need not outlive a power cut.
	config.UnsafeNoFsync = true
	config.QuotaBackendBytes = etcdQuotaBytes
	client, peer := loopback(clientPort), loopback(peerPort)
	config.ListenClientUrls, config.AdvertiseClientUrls = client, client
	config.ListenPeerUrls, config.AdvertisePeerUrls = peer, peer
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return etcd, nil
	case err := <-etcd.Err():
		return nil, err
	}
}

func loopback(port int) []url.URL {
	return []url.URL{{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}}
}
