package certificates

import (
	"bytes"
	"crypto/tls"
	"testing"
)

func TestAKeptFolderGivesTheSameAuthorityAndPairs(t *testing.T) {
	folder := t.TempDir()
	first, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key, err := first.Pair("server", "kube-apiserver")
	if err != nil {
		t.Fatal(err)
	}
	second, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := second.Pair("server", "kube-apiserver")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.PEM, second.PEM) || !bytes.Equal(certificate, again) {
		t.Error("a kept folder has new certificates")
	}
	if _, err := tls.X509KeyPair(certificate, key); err != nil {
		t.Error(err)
	}
}
