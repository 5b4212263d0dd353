package hostnode

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
)

// InsideCommand is the argument with which this program calls itself to become a container.
const InsideCommand = "__container"

const (
	invocationDescriptor = 3
	problemDescriptor    = 4
	// A container runtime's own size of /dev/shm. A pod that needs more mounts an emptyDir of medium Memory.
	sharedMemoryBytes = "size=64m"
)

// Devices that a runtime always gives, and those of GPUs.
var devices = []string{"null", "zero", "full", "random", "urandom", "tty", "nvidia*", "dri", "kfd", "infiniband", "fuse"}

// Inside runs as the first process of the container's namespaces: it makes the mounts and becomes the command. It never
// returns.
func Inside() {
	problems := os.NewFile(problemDescriptor, "problems")
	syscall.CloseOnExec(problemDescriptor)
	err := become()
	_, _ = io.WriteString(problems, err.Error())
	os.Exit(exitOfStartError)
}

func become() error {
	var made invocation
	input := os.NewFile(invocationDescriptor, "invocation")
	if err := json.NewDecoder(input).Decode(&made); err != nil {
		return err
	}
	if err := input.Close(); err != nil {
		return err
	}
	if err := private(&made); err != nil {
		return err
	}
	if made.WorkingDirectory != "" {
		// A runtime makes a working directory that the image lacks.
		if err := os.MkdirAll(made.WorkingDirectory, 0o755); err != nil {
			return err
		}
		if err := os.Chdir(made.WorkingDirectory); err != nil {
			return err
		}
	}
	for _, variable := range made.Environment {
		if path, isPath := strings.CutPrefix(variable, "PATH="); isPath {
			if err := os.Setenv("PATH", path); err != nil {
				return err
			}
		}
	}
	program, err := exec.LookPath(made.Arguments[0])
	if err != nil {
		return err
	}
	return fmt.Errorf("exec: %q: %w", made.Arguments[0], syscall.Exec(program, made.Arguments, made.Environment))
}

// private makes a view of the file system that only this container has.
func private(made *invocation) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	if err := syscall.Sethostname([]byte(made.HostName)); err != nil {
		return fmt.Errorf("set the host name: %w", err)
	}
	if err := mountDevices(); err != nil {
		return fmt.Errorf("mount /dev: %w", err)
	}
	sort.SliceStable(made.Mounts, func(left, right int) bool { return len(made.Mounts[left].Target) < len(made.Mounts[right].Target) })
	for _, mount := range made.Mounts {
		if err := bind(mount); err != nil {
			return fmt.Errorf("mount %s: %w", mount.Target, err)
		}
	}
	return nil
}

// mountDevices gives the container a /dev of its own, so that nothing it makes there (/dev/termination-log, /dev/shm) is
// made on the machine. It is put together aside and moved over the old one.
func mountDevices() error {
	aside, err := os.MkdirTemp("", "container-dev-")
	if err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", aside, "tmpfs", syscall.MS_NOSUID, "mode=755,size=64k,nr_inodes=256"); err != nil {
		return err
	}
	for _, pattern := range devices {
		found, _ := filepath.Glob("/dev/" + pattern)
		for _, device := range found {
			if err := bind(mount{Source: device, Target: aside + strings.TrimPrefix(device, "/dev")}); err != nil {
				return err
			}
		}
	}
	for name, target := range map[string]string{
		"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx",
	} {
		if err := os.Symlink(target, filepath.Join(aside, name)); err != nil {
			return err
		}
	}
	for _, folder := range []struct{ name, kind, options string }{
		{"shm", "tmpfs", "mode=1777," + sharedMemoryBytes}, {"pts", "devpts", "newinstance,ptmxmode=0666,mode=620"},
	} {
		path := filepath.Join(aside, folder.name)
		if err := os.Mkdir(path, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount(folder.kind, path, folder.kind, syscall.MS_NOSUID|syscall.MS_NOEXEC, folder.options); err != nil {
			return err
		}
	}
	if err := syscall.Mount(aside, "/dev", "", syscall.MS_MOVE, ""); err != nil {
		return err
	}
	return os.Remove(aside)
}

// bind makes the mount point where there is none. It stays on the machine afterwards: another container may stand on it.
func bind(mount mount) error {
	source, err := os.Stat(mount.Source)
	if err != nil {
		return err
	}
	if source.IsDir() {
		err = os.MkdirAll(mount.Target, 0o755)
	} else {
		err = touch(mount.Target)
	}
	if err != nil {
		return err
	}
	if err := syscall.Mount(mount.Source, mount.Target, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
		return err
	}
	if !mount.ReadOnly {
		return nil
	}
	return syscall.Mount("", mount.Target, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
}

func touch(file string) error {
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	made, err := os.OpenFile(file, os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	return made.Close()
}
