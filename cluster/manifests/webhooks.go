package manifests

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Webhooks names the webhooks of one operator that are to be installed, and where they are served.
type Webhooks struct {
	Operator string
	Port     int
	// Authority is the CA certificate as PEM.
	Authority []byte
	// Paths are the endings of the webhook paths to keep: those of the kinds that run. Empty keeps all.
	Paths []string
	Also  []AlsoWebhook
}

// AlsoWebhook is for a kind that the operator was told of here: like one that it ships.
type AlsoWebhook struct {
	// Like and Ending are endings of paths, behind mutate or validate.
	Like, Ending             string
	Group, Version, Resource string
}

func (also AlsoWebhook) of(shipped map[string]any, path string) (map[string]any, string) {
	verb := strings.TrimSuffix(path, also.Like)
	copied := runtime.DeepCopyJSON(shipped)
	name, _, _ := unstructured.NestedString(copied, "name")
	copied["name"] = also.Resource + "-" + name
	rules, _, _ := unstructured.NestedSlice(copied, "rules")
	for _, rule := range rules {
		if each, isMap := rule.(map[string]any); isMap {
			each["apiGroups"], each["apiVersions"] = []any{also.Group}, []any{also.Version}
			each["resources"] = []any{also.Resource}
		}
	}
	copied["rules"] = rules
	return copied, verb + also.Ending
}

// Webhooks registers them at 127.0.0.1 with our own authority: no Service could route to them.
func (installer Installer) Webhooks(ctx context.Context, webhooks Webhooks) error {
	objects, err := load("assets/webhooks/" + webhooks.Operator + ".yaml")
	if err != nil {
		return err
	}
	for _, object := range objects {
		resource := schema.GroupVersionResource{Group: "admissionregistration.k8s.io", Version: "v1"}
		switch object.GetKind() {
		case "MutatingWebhookConfiguration":
			resource.Resource = "mutatingwebhookconfigurations"
		case "ValidatingWebhookConfiguration":
			resource.Resource = "validatingwebhookconfigurations"
		default:
			return fmt.Errorf("%s ships a %s among its webhooks", webhooks.Operator, object.GetKind())
		}
		object.SetName(webhooks.Operator)
		entries, _, err := unstructured.NestedSlice(object.Object, "webhooks")
		if err != nil {
			return err
		}
		if err := unstructured.SetNestedSlice(object.Object, webhooks.point(entries), "webhooks"); err != nil {
			return err
		}
		if err := installer.put(ctx, resource, object); err != nil {
			return fmt.Errorf("webhooks of %s: %w", webhooks.Operator, err)
		}
	}
	return nil
}

func (webhooks Webhooks) point(entries []any) []any {
	kept := []any{}
	for _, entry := range entries {
		webhook, isMap := entry.(map[string]any)
		if !isMap {
			continue
		}
		path, _, _ := unstructured.NestedString(webhook, "clientConfig", "service", "path")
		if !webhooks.keeps(path) {
			continue
		}
		for _, also := range webhooks.Also {
			if strings.HasSuffix(path, also.Like) {
				copied, ending := also.of(webhook, path)
				webhooks.address(copied, ending)
				kept = append(kept, copied)
			}
		}
		webhooks.address(webhook, path)
		if strings.HasSuffix(path, "--v1-pod") {
			// JobSet's kustomize patch, without which its webhook would be asked about every pod.
			webhook["objectSelector"] = map[string]any{"matchExpressions": []any{
				map[string]any{"key": "jobset.sigs.k8s.io/jobset-name", "operator": "Exists"},
			}}
		}
		kept = append(kept, webhook)
	}
	return kept
}

func (webhooks Webhooks) address(webhook map[string]any, path string) {
	webhook["clientConfig"] = map[string]any{
		"url":      fmt.Sprintf("https://127.0.0.1:%d%s", webhooks.Port, path),
		"caBundle": base64.StdEncoding.EncodeToString(webhooks.Authority),
	}
}

func (webhooks Webhooks) keeps(path string) bool {
	for _, ending := range webhooks.Paths {
		if strings.HasSuffix(path, ending) {
			return true
		}
	}
	return len(webhooks.Paths) == 0
}
