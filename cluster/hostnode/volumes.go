package hostnode

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/api/v1/resource"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
	"k8s.io/utils/ptr"
)

const (
	mountRetry = time.Second
	// Where a service account's token would be; it is not given, see README.md.
	tokenFolder = "/var/run/secrets/kubernetes.io/serviceaccount"
)

// prepare makes the pod's folder and volumes. What is missing may still come: a kubelet says FailedMount and waits.
func (run *podRun) prepare() bool {
	if !run.pause(0) {
		return false
	}
	for {
		err := run.makeFiles()
		for _, volume := range run.pod.Spec.Volumes {
			if err != nil {
				break
			}
			if err = run.makeVolume(volume); err != nil {
				err = fmt.Errorf("MountVolume.SetUp failed for volume %q : %w", volume.Name, err)
			}
		}
		if err == nil {
			return true
		}
		run.unmount()
		run.warn("FailedMount", "%s", err)
		if !run.pause(mountRetry) {
			return false
		}
	}
}

func (run *podRun) volumeFolder(name string) string {
	return filepath.Join(run.folder, "volumes", name)
}

func (run *podRun) makeVolume(volume corev1.Volume) error {
	folder := run.volumeFolder(volume.Name)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	switch {
	case volume.EmptyDir != nil:
		return run.makeEmpty(folder, volume.EmptyDir)
	case volume.HostPath != nil:
		return checkHostPath(volume.HostPath)
	case volume.ConfigMap != nil:
		return run.writeConfigMap(folder, volume.ConfigMap.Name, volume.ConfigMap.Optional, volume.ConfigMap.Items, volume.ConfigMap.DefaultMode)
	case volume.Secret != nil:
		return run.writeSecret(folder, volume.Secret.SecretName, volume.Secret.Optional, volume.Secret.Items, volume.Secret.DefaultMode)
	case volume.DownwardAPI != nil:
		return run.writeDownward(folder, volume.DownwardAPI.Items, volume.DownwardAPI.DefaultMode)
	case volume.Projected != nil:
		return run.makeProjected(folder, volume.Projected)
	default:
		return errors.New("the host node does not know this kind of volume")
	}
}

// makeEmpty mounts memory where it was asked for; the cluster has a mount namespace of its own, so none can be left behind.
func (run *podRun) makeEmpty(folder string, empty *corev1.EmptyDirVolumeSource) error {
	if empty.Medium != corev1.StorageMediumMemory {
		return os.Chmod(folder, 0o777)
	}
	options := "mode=1777"
	if empty.SizeLimit != nil {
		options += fmt.Sprintf(",size=%d", empty.SizeLimit.Value())
	}
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, options); err != nil {
		return err
	}
	run.mounted = append(run.mounted, folder)
	return nil
}

func (run *podRun) unmount() {
	for _, folder := range run.mounted {
		_ = syscall.Unmount(folder, syscall.MNT_DETACH)
	}
	run.mounted = nil
}

func checkHostPath(source *corev1.HostPathVolumeSource) error {
	switch ptr.Deref(source.Type, corev1.HostPathUnset) {
	case corev1.HostPathDirectoryOrCreate:
		return os.MkdirAll(source.Path, 0o755)
	case corev1.HostPathFileOrCreate:
		return touch(source.Path)
	default:
		_, err := os.Stat(source.Path)
		if errors.Is(err, fs.ErrNotExist) && ptr.Deref(source.Type, corev1.HostPathUnset) == corev1.HostPathUnset {
			return os.MkdirAll(source.Path, 0o755)
		}
		return err
	}
}

func (run *podRun) makeProjected(folder string, projected *corev1.ProjectedVolumeSource) error {
	for _, source := range projected.Sources {
		var err error
		switch {
		case source.ConfigMap != nil:
			err = run.writeConfigMap(folder, source.ConfigMap.Name, source.ConfigMap.Optional, source.ConfigMap.Items, projected.DefaultMode)
		case source.Secret != nil:
			err = run.writeSecret(folder, source.Secret.Name, source.Secret.Optional, source.Secret.Items, projected.DefaultMode)
		case source.DownwardAPI != nil:
			err = run.writeDownward(folder, source.DownwardAPI.Items, projected.DefaultMode)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (run *podRun) writeConfigMap(folder, name string, optional *bool, items []corev1.KeyToPath, mode *int32) error {
	text, binary, err := run.configMap(name, optional)
	if err != nil {
		return err
	}
	all := make(map[string][]byte, len(text)+len(binary))
	for key, value := range text {
		all[key] = []byte(value)
	}
	for key, value := range binary {
		all[key] = value
	}
	return writeFiles(folder, all, items, mode, ptr.Deref(optional, false))
}

func (run *podRun) writeSecret(folder, name string, optional *bool, items []corev1.KeyToPath, mode *int32) error {
	data, err := run.secret(name, optional)
	if err != nil {
		return err
	}
	return writeFiles(folder, data, items, mode, ptr.Deref(optional, false))
}

func (run *podRun) writeDownward(folder string, items []corev1.DownwardAPIVolumeFile, mode *int32) error {
	for _, item := range items {
		value := ""
		var err error
		if item.FieldRef != nil {
			value, err = field(run.pod, item.FieldRef.FieldPath)
		} else if item.ResourceFieldRef != nil {
			value, err = resource.ExtractResourceValueByContainerName(item.ResourceFieldRef, run.pod, item.ResourceFieldRef.ContainerName)
		}
		if err != nil {
			return err
		}
		file := map[string][]byte{item.Path: []byte(value)}
		if err := writeFiles(folder, file, nil, mode, false); err != nil {
			return err
		}
	}
	return nil
}

func writeFiles(folder string, data map[string][]byte, items []corev1.KeyToPath, mode *int32, optional bool) error {
	if len(items) == 0 {
		for key := range data {
			items = append(items, corev1.KeyToPath{Key: key, Path: key})
		}
	}
	for _, item := range items {
		content, found := data[item.Key]
		if !found && optional {
			continue
		}
		if !found {
			return fmt.Errorf("references non-existent config key: %s", item.Key)
		}
		file := filepath.Join(folder, item.Path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		permission := os.FileMode(ptr.Deref(item.Mode, ptr.Deref(mode, corev1.ConfigMapVolumeSourceDefaultMode)))
		if err := os.WriteFile(file, content, permission); err != nil {
			return err
		}
	}
	return nil
}

// mounts lists what a container sees: its volumes, and the files with which names are resolved.
func (run *podRun) mounts(container *corev1.Container, environment map[string]string) ([]mount, error) {
	mounts := run.nameFiles()
	for _, wanted := range container.VolumeMounts {
		if wanted.MountPath == tokenFolder {
			continue
		}
		source := run.volumeFolder(wanted.Name)
		for _, volume := range run.pod.Spec.Volumes {
			if volume.Name == wanted.Name && volume.HostPath != nil {
				source = volume.HostPath.Path
			}
		}
		inner := wanted.SubPath
		if wanted.SubPathExpr != "" {
			inner = expansion.Expand(wanted.SubPathExpr, expansion.MappingFuncFor(environment))
		}
		if strings.Contains(inner, "..") {
			return nil, fmt.Errorf("subPath %q leaves its volume", inner)
		}
		source = filepath.Join(source, inner)
		if _, err := os.Stat(source); errors.Is(err, fs.ErrNotExist) {
			if err := os.MkdirAll(source, 0o777); err != nil {
				return nil, err
			}
		}
		mounts = append(mounts, mount{Source: source, Target: wanted.MountPath, ReadOnly: wanted.ReadOnly})
	}
	return mounts, nil
}
