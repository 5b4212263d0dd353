package hostnode

import (
	"fmt"
	"maps"
	"os"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/kubernetes/pkg/api/v1/resource"
	"k8s.io/kubernetes/pkg/fieldpath"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
	"k8s.io/utils/ptr"
)

// environment is what the image gives, then envFrom, then env; of the machine's own only PATH and HOME come in.
func (run *podRun) environment(container *corev1.Container, image Image) (map[string]string, error) {
	all := map[string]string{"PATH": os.Getenv("PATH"), "HOME": os.Getenv("HOME"), "HOSTNAME": hostName(run.pod)}
	maps.Copy(all, image.Environment)
	for _, source := range container.EnvFrom {
		values, err := run.wholeSource(source)
		if err != nil {
			return nil, err
		}
		for name, value := range values {
			if len(validation.IsEnvVarName(source.Prefix+name)) == 0 {
				all[source.Prefix+name] = value
			}
		}
	}
	for _, variable := range container.Env {
		if variable.ValueFrom == nil {
			all[variable.Name] = expansion.Expand(variable.Value, expansion.MappingFuncFor(all))
			continue
		}
		value, found, err := run.value(container, variable.ValueFrom)
		if err != nil {
			return nil, err
		}
		if found {
			all[variable.Name] = value
		}
	}
	return all, nil
}

func (run *podRun) wholeSource(source corev1.EnvFromSource) (map[string]string, error) {
	switch {
	case source.ConfigMapRef != nil:
		text, _, err := run.configMap(source.ConfigMapRef.Name, source.ConfigMapRef.Optional)
		return text, err
	case source.SecretRef != nil:
		data, err := run.secret(source.SecretRef.Name, source.SecretRef.Optional)
		values := make(map[string]string, len(data))
		for name, value := range data {
			values[name] = string(value)
		}
		return values, err
	default:
		return nil, nil
	}
}

// value answers not found for a missing optional key.
func (run *podRun) value(container *corev1.Container, source *corev1.EnvVarSource) (value string, found bool, err error) {
	switch {
	case source.FieldRef != nil:
		value, err = field(run.pod, source.FieldRef.FieldPath)
		return value, true, err
	case source.ResourceFieldRef != nil:
		if source.ResourceFieldRef.ContainerName != "" {
			value, err = resource.ExtractResourceValueByContainerName(source.ResourceFieldRef, run.pod, source.ResourceFieldRef.ContainerName)
			return value, true, err
		}
		value, err = resource.ExtractContainerResourceValue(source.ResourceFieldRef, container)
		return value, true, err
	case source.ConfigMapKeyRef != nil:
		reference := source.ConfigMapKeyRef
		text, _, err := run.configMap(reference.Name, reference.Optional)
		if err != nil {
			return "", false, err
		}
		value, found = text[reference.Key]
		if !found && !ptr.Deref(reference.Optional, false) {
			return "", false, fmt.Errorf("couldn't find key %s in ConfigMap %s/%s", reference.Key, run.pod.Namespace, reference.Name)
		}
		return value, found, nil
	case source.SecretKeyRef != nil:
		reference := source.SecretKeyRef
		data, err := run.secret(reference.Name, reference.Optional)
		if err != nil {
			return "", false, err
		}
		content, found := data[reference.Key]
		if !found && !ptr.Deref(reference.Optional, false) {
			return "", false, fmt.Errorf("couldn't find key %s in Secret %s/%s", reference.Key, run.pod.Namespace, reference.Name)
		}
		return string(content), found, nil
	default:
		return "", false, fmt.Errorf("a source of an environment variable that the host node does not know: %v", source)
	}
}

func (run *podRun) configMap(name string, optional *bool) (map[string]string, map[string][]byte, error) {
	found, err := run.node.Cluster.CoreV1().ConfigMaps(run.pod.Namespace).Get(run.alive, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) && ptr.Deref(optional, false) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return found.Data, found.BinaryData, nil
}

func (run *podRun) secret(name string, optional *bool) (map[string][]byte, error) {
	found, err := run.node.Cluster.CoreV1().Secrets(run.pod.Namespace).Get(run.alive, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		if ptr.Deref(optional, false) {
			return nil, nil
		}
		// In a kubelet's own words, which tools look for.
		return nil, fmt.Errorf("secret %q not found", name)
	}
	if err != nil {
		return nil, err
	}
	return found.Data, nil
}

// field reads what only the node knows of a pod, and the rest as the API server would.
func field(pod *corev1.Pod, path string) (string, error) {
	switch path {
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.hostIP", "status.hostIPs":
		return pod.Status.HostIP, nil
	case "status.podIP":
		return pod.Status.PodIP, nil
	case "status.podIPs":
		addresses := make([]string, 0, len(pod.Status.PodIPs))
		for _, address := range pod.Status.PodIPs {
			addresses = append(addresses, address.IP)
		}
		return strings.Join(addresses, ","), nil
	default:
		return fieldpath.ExtractFieldPathAsString(pod, path)
	}
}
