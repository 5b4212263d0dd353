// Package defaults gives pods the scripts of their namespace: annotations of the namespace under fakenodes.Prefix are put
// on each of its new pods that lacks them. Tests script with it what our own product creates.
package defaults

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"io.trainyard/cluster/certificates"
	"io.trainyard/cluster/fakenodes"
	admissionv1 "k8s.io/api/admission/v1"
	registration "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
)

// Label is what a namespace must have for its annotations to count; all others are spared the call.
const Label = fakenodes.Prefix + "scripts-pods"

const (
	name          = "defaults.cluster.trainyard.io"
	headerTimeout = 10 * time.Second
)

type webhook struct {
	cluster kubernetes.Interface
}

// Start serves the webhook until the context ends, and registers it.
func Start(ctx context.Context, cluster kubernetes.Interface, authority *certificates.Authority, port int) error {
	server := &http.Server{
		Addr: fmt.Sprintf("127.0.0.1:%d", port), Handler: &webhook{cluster: cluster}, ReadHeaderTimeout: headerTimeout,
	}
	go func() {
		if err := server.ListenAndServeTLS(authority.Path("server.crt"), authority.Path("server.key")); ctx.Err() == nil {
			log.Printf("defaults of pods: %v", err)
		}
	}()
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	return register(ctx, cluster, authority, port)
}

func register(ctx context.Context, cluster kubernetes.Interface, authority *certificates.Authority, port int) error {
	configuration := &registration.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Webhooks: []registration.MutatingWebhook{{
			Name: name,
			ClientConfig: registration.WebhookClientConfig{
				URL: ptr.To(fmt.Sprintf("https://127.0.0.1:%d/", port)), CABundle: authority.PEM,
			},
			Rules: []registration.RuleWithOperations{{
				Operations: []registration.OperationType{registration.Create},
				Rule:       registration.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
			}},
			NamespaceSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{Label: "true"}},
			SideEffects:             ptr.To(registration.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
		}},
	}
	configurations := cluster.AdmissionregistrationV1().MutatingWebhookConfigurations()
	_, err := configurations.Create(ctx, configuration, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		// A kept cluster has kept the port and the authority too.
		return nil
	}
	return err
}

func (hook *webhook) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	var review admissionv1.AdmissionReview
	if err := json.NewDecoder(request.Body).Decode(&review); err != nil || review.Request == nil {
		http.Error(answer, "an AdmissionReview is wanted", http.StatusBadRequest)
		return
	}
	response := &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
	patch, err := hook.patch(request.Context(), review.Request)
	switch {
	case err != nil:
		response.Allowed, response.Result = false, &metav1.Status{Message: err.Error()}
	case patch != nil:
		response.Patch, response.PatchType = patch, ptr.To(admissionv1.PatchTypeJSONPatch)
	}
	review.Request, review.Response = nil, response
	answer.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(answer).Encode(review); err != nil {
		log.Printf("defaults of pods: %v", err)
	}
}

func (hook *webhook) patch(ctx context.Context, request *admissionv1.AdmissionRequest) ([]byte, error) {
	var pod corev1.Pod
	if err := json.Unmarshal(request.Object.Raw, &pod); err != nil {
		return nil, err
	}
	namespace, err := hook.cluster.CoreV1().Namespaces().Get(ctx, request.Namespace, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return Patch(namespace.Annotations, pod.Annotations)
}

// Patch is the JSON patch that completes a pod's annotations, or nil where nothing lacks.
func Patch(namespace, pod map[string]string) ([]byte, error) {
	completed := map[string]string{}
	for key, value := range pod {
		completed[key] = value
	}
	for key, value := range namespace {
		if _, has := pod[key]; strings.HasPrefix(key, fakenodes.Prefix) && !has {
			completed[key] = value
		}
	}
	if len(completed) == len(pod) {
		return nil, nil
	}
	return json.Marshal([]map[string]any{{"op": "add", "path": "/metadata/annotations", "value": completed}})
}
