// Package certificates is the cluster's own authority: one folder with a CA, the key that signs service account tokens,
// and whatever was issued. A kept folder is opened again, so kubeconfigs and webhooks stay valid over a restart.
package certificates

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	validYears = 1
	rsaBits    = 2048
)

// Authority issues certificates that are good for servers on loopback and for clients.
type Authority struct {
	folder      string
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
	// PEM is the CA certificate, for kubeconfigs and webhook configurations.
	PEM []byte
}

// Open makes the authority in folder, or opens the one that is there.
func Open(folder string) (*Authority, error) {
	authority := &Authority{folder: folder}
	_, err := os.Stat(authority.Path("ca.crt"))
	if err == nil {
		return authority, authority.load()
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return authority, authority.create()
}

// Path names a file of the folder, such as "server.crt".
func (authority *Authority) Path(name string) string { return filepath.Join(authority.folder, name) }

// Pair issues name.crt and name.key unless they are there, and returns both as PEM. The keys are RSA in PKCS #1, as kubeadm
// writes them: Java clients read no other without Bouncy Castle.
func (authority *Authority) Pair(name, commonName string, organizations ...string) (certificate, key []byte, err error) {
	certificate, err = os.ReadFile(authority.Path(name + ".crt"))
	if err == nil {
		key, err = os.ReadFile(authority.Path(name + ".key"))
		return certificate, key, err
	}
	pair, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return nil, nil, err
	}
	template, err := template(commonName)
	if err != nil {
		return nil, nil, err
	}
	template.Subject.Organization = organizations
	template.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	template.IPAddresses = []net.IP{net.ParseIP("127.0.0.1"), net.ParseIP("10.0.0.1")}
	der, err := x509.CreateCertificate(rand.Reader, template, authority.certificate, &pair.PublicKey, authority.key)
	if err != nil {
		return nil, nil, err
	}
	key, err = authority.write(name+".key", "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(pair))
	if err != nil {
		return nil, nil, err
	}
	certificate, err = authority.write(name+".crt", "CERTIFICATE", der)
	return certificate, key, err
}

func (authority *Authority) create() error {
	if err := os.MkdirAll(authority.folder, 0o700); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template, err := template("trainyard-cluster-ca")
	if err != nil {
		return err
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	// The key of service account tokens; kube-apiserver reads RSA or ECDSA.
	tokens, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return err
	}
	if _, err := authority.write("ca.key", "PRIVATE KEY", encoded); err != nil {
		return err
	}
	if _, err := authority.write("service-accounts.key", "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(tokens)); err != nil {
		return err
	}
	// Last, because Open takes the folder for whole when this file is there.
	if _, err := authority.write("ca.crt", "CERTIFICATE", der); err != nil {
		return err
	}
	return authority.load()
}

func (authority *Authority) load() error {
	var err error
	if authority.PEM, err = os.ReadFile(authority.Path("ca.crt")); err != nil {
		return err
	}
	certificate, _ := pem.Decode(authority.PEM)
	encoded, err := os.ReadFile(authority.Path("ca.key"))
	if err != nil {
		return err
	}
	key, _ := pem.Decode(encoded)
	if certificate == nil || key == nil {
		return fmt.Errorf("%s holds no PEM: remove the data folder", authority.folder)
	}
	if authority.certificate, err = x509.ParseCertificate(certificate.Bytes); err != nil {
		return err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(key.Bytes)
	if err != nil {
		return err
	}
	private, isECDSA := parsed.(*ecdsa.PrivateKey)
	if !isECDSA {
		return fmt.Errorf("%s is no ECDSA key: remove the data folder", authority.Path("ca.key"))
	}
	authority.key = private
	return nil
}

func (authority *Authority) write(name, kind string, der []byte) ([]byte, error) {
	encoded := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	return encoded, os.WriteFile(authority.Path(name), encoded, 0o600)
}

func template(commonName string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(validYears, 0, 0),
	}, nil
}
