package manifests

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	visibilityGroup     = "visibility.kueue.x-k8s.io"
	visibilityVersion   = "v1beta1"
	visibilityNamespace = "kueue-system"
	visibilityService   = "visibility-server"
)

// Visibility lets the API server pass on what it is asked of Kueue's visibility API. No Service has an address here; one that
// is only another name for this machine needs none.
func (installer Installer) Visibility(ctx context.Context, port int) error {
	metadata := map[string]any{"name": visibilityService, "namespace": visibilityNamespace}
	for _, object := range []struct {
		resource schema.GroupVersionResource
		content  map[string]any
	}{
		{schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}, map[string]any{
			"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": visibilityNamespace},
		}},
		{schema.GroupVersionResource{Version: "v1", Resource: "services"}, map[string]any{
			"apiVersion": "v1", "kind": "Service", "metadata": metadata,
			"spec": map[string]any{"type": "ExternalName", "externalName": "localhost"},
		}},
		{schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}, map[string]any{
			"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
			"metadata": map[string]any{"name": visibilityVersion + "." + visibilityGroup},
			"spec": map[string]any{
				"group": visibilityGroup, "version": visibilityVersion, "groupPriorityMinimum": int64(100), "versionPriority": int64(100),
				"insecureSkipTLSVerify": true,
				"service":               map[string]any{"name": visibilityService, "namespace": visibilityNamespace, "port": int64(port)},
			},
		}},
	} {
		if err := installer.put(ctx, object.resource, &unstructured.Unstructured{Object: object.content}); err != nil {
			return err
		}
	}
	return nil
}
