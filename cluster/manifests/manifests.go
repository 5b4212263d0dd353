// Package manifests installs what the operators ship as files: their resource definitions, webhook configurations and the
// runtime of Kubeflow Trainer. The files are copied out of Go's module cache by ./generate, so they are always those of
// the versions in go.mod; they are not committed.
package manifests

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
)

//go:embed assets/definitions assets/webhooks assets/runtimes
var assets embed.FS

const pollInterval = 50 * time.Millisecond

var (
	definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	runtimes    = schema.GroupVersionResource{Group: "trainer.kubeflow.org", Version: "v1alpha1", Resource: "clustertrainingruntimes"}
)

// Installer puts the files into one cluster. What a kept cluster already has is brought up to these files.
type Installer struct {
	Client dynamic.Interface
}

// Definitions creates every resource definition, all at once, and waits until the last is established.
func (installer Installer) Definitions(ctx context.Context) error {
	objects, err := load("assets/definitions")
	if err != nil {
		return err
	}
	failures := make(chan error, len(objects))
	for _, object := range objects {
		go func() {
			// The operators would convert by webhook; each has one served version that is also the stored one.
			unstructured.RemoveNestedField(object.Object, "spec", "conversion")
			failures <- installer.put(ctx, definitions, object)
		}()
	}
	for range objects {
		err = errors.Join(err, <-failures)
	}
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := installer.waitEstablished(ctx, object.GetName()); err != nil {
			return err
		}
	}
	return nil
}

// Runtimes creates Trainer's own ClusterTrainingRuntime. API servers learn of webhooks through a watch, so the validating
// webhook may not be reachable for a moment after it was registered: this tries until the context ends.
func (installer Installer) Runtimes(ctx context.Context) error {
	objects, err := load("assets/runtimes")
	if err != nil {
		return err
	}
	for _, object := range objects {
		for {
			err := installer.put(ctx, runtimes, object)
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return fmt.Errorf("runtime %s: %w", object.GetName(), err)
			}
			time.Sleep(pollInterval)
		}
	}
	return nil
}

func (installer Installer) put(ctx context.Context, resource schema.GroupVersionResource, object *unstructured.Unstructured) error {
	var client dynamic.ResourceInterface = installer.Client.Resource(resource)
	if namespace := object.GetNamespace(); namespace != "" {
		client = installer.Client.Resource(resource).Namespace(namespace)
	}
	_, err := client.Create(ctx, object, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	existing, err := client.Get(ctx, object.GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	object.SetResourceVersion(existing.GetResourceVersion())
	_, err = client.Update(ctx, object, metav1.UpdateOptions{})
	return err
}

func (installer Installer) waitEstablished(ctx context.Context, name string) error {
	for {
		object, err := installer.Client.Resource(definitions).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
		for _, entry := range conditions {
			condition, _ := entry.(map[string]any)
			if condition["type"] == "Established" && condition["status"] == "True" {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("definition %s was not established: %w", name, ctx.Err())
		case <-time.After(pollInterval):
		}
	}
}

func load(path string) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	err := fs.WalkDir(assets, path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := assets.ReadFile(file)
		if err != nil {
			return err
		}
		decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
		for {
			object := &unstructured.Unstructured{}
			if err := decoder.Decode(object); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			if len(object.Object) > 0 {
				objects = append(objects, object)
			}
		}
	})
	return objects, err
}
