package hostnode

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const followPoll = 50 * time.Millisecond

// serveLogs answers what the API server asks a kubelet for `kubectl logs`. Only the API server's certificate may ask.
func (node *Node) serveLogs(ctx context.Context) error {
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(node.Authority.PEM)
	routes := http.NewServeMux()
	routes.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", node.logs)
	server := &http.Server{
		Addr: fmt.Sprintf("127.0.0.1:%d", node.Port), Handler: routes, ReadHeaderTimeout: time.Minute,
		TLSConfig: &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients, MinVersion: tls.VersionTLS12},
	}
	go func() {
		err := server.ListenAndServeTLS(node.Authority.Path("server.crt"), node.Authority.Path("server.key"))
		if !errors.Is(err, http.ErrServerClosed) {
			log.Printf("host node: %v", err)
		}
	}()
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	return nil
}

func (node *Node) logs(answer http.ResponseWriter, request *http.Request) {
	pod, err := node.Cluster.CoreV1().Pods(request.PathValue("namespace")).Get(request.Context(), request.PathValue("pod"), metav1.GetOptions{})
	if err != nil {
		http.Error(answer, err.Error(), http.StatusNotFound)
		return
	}
	container := request.PathValue("container")
	file, err := newestLog(filepath.Join(node.podFolder(pod.UID), "containers", container), request.URL.Query().Get("previous") == "true")
	if err != nil {
		http.Error(answer, notStarted(pod, container, request.URL.Query().Get("previous") == "true"), http.StatusBadRequest)
		return
	}
	answer.Header().Set("Content-Type", "text/plain")
	reader := newLogReader(request.URL.Query(), answer)
	if err := reader.read(request.Context(), file); err != nil {
		log.Printf("logs of %s/%s: %v", pod.Namespace, pod.Name, err)
	}
}

// notStarted says it in a kubelet's words.
func notStarted(pod *corev1.Pod, container string, previous bool) string {
	if previous {
		return fmt.Sprintf("previous terminated container %q in pod %q not found", container, pod.Name)
	}
	reason := "ContainerCreating"
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for _, status := range statuses {
			if status.Name == container && status.State.Waiting != nil {
				reason = status.State.Waiting.Reason
			}
		}
	}
	return fmt.Sprintf("container %q in pod %q is waiting to start: %s", container, pod.Name, reason)
}

// newestLog answers the log of the last run that began, or of the one before.
func newestLog(folder string, previous bool) (string, error) {
	newest := -1
	for run := 0; ; run++ {
		if _, err := os.Stat(filepath.Join(folder, strconv.Itoa(run)+".log")); err != nil {
			break
		}
		newest = run
	}
	if previous {
		newest--
	}
	if newest < 0 {
		return "", os.ErrNotExist
	}
	return filepath.Join(folder, strconv.Itoa(newest)+".log"), nil
}

// logReader is one request for a log, by the parameters that the API server passes on.
type logReader struct {
	answer     http.ResponseWriter
	follow     bool
	timestamps bool
	since      time.Time
	tail       int
	limit      int64
}

func newLogReader(query url.Values, answer http.ResponseWriter) *logReader {
	reader := &logReader{
		answer: answer, follow: query.Get("follow") == "true", timestamps: query.Get("timestamps") == "true", tail: -1, limit: -1,
	}
	if since, err := time.Parse(time.RFC3339, query.Get("sinceTime")); err == nil {
		reader.since = since
	}
	if seconds, err := strconv.Atoi(query.Get("sinceSeconds")); err == nil {
		reader.since = time.Now().Add(-time.Duration(seconds) * time.Second)
	}
	if lines, err := strconv.Atoi(query.Get("tailLines")); err == nil {
		reader.tail = lines
	}
	if bytes, err := strconv.ParseInt(query.Get("limitBytes"), 10, 64); err == nil {
		reader.limit = bytes
	}
	return reader
}

var errEnough = errors.New("the limit of bytes is reached")

// read copies the file; when following, until its container has ended, over rotations too.
func (reader *logReader) read(ctx context.Context, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if reader.tail >= 0 {
		if err := seekTail(file, reader.tail); err != nil {
			return err
		}
	}
	lines := bufio.NewReader(file)
	begun := ""
	for {
		// Asked before reading: what a container wrote before it ended is then always read.
		_, more := writing.Load(path)
		begun, err = reader.copy(lines, begun)
		if errors.Is(err, errEnough) {
			return nil
		}
		if err != nil {
			return err
		}
		if flusher, can := reader.answer.(http.Flusher); can {
			flusher.Flush()
		}
		if next := rotated(path, file); next != nil && reader.follow {
			if begun, err = reader.copy(lines, begun); err != nil {
				return errors.Join(ignoreEnough(err), next.Close())
			}
			_ = file.Close()
			file, lines = next, bufio.NewReader(next)
			continue
		} else if next != nil {
			_ = next.Close()
		}
		if !reader.follow || !more {
			return ignoreEnough(reader.emit(begun))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followPoll):
		}
	}
}

func ignoreEnough(err error) error {
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// copy emits whole lines up to the end of the file and answers the line that has only begun.
func (reader *logReader) copy(lines *bufio.Reader, begun string) (string, error) {
	for {
		part, err := lines.ReadString('\n')
		begun += part
		if errors.Is(err, io.EOF) {
			return begun, nil
		}
		if err != nil {
			return begun, err
		}
		if err := reader.emit(begun); err != nil {
			return "", err
		}
		begun = ""
	}
}

func (reader *logReader) emit(line string) error {
	if line == "" {
		return nil
	}
	stamp, text, _ := strings.Cut(line, " ")
	if written, err := time.Parse(time.RFC3339Nano, stamp); err == nil && written.Before(reader.since) {
		return nil
	}
	if reader.timestamps {
		text = line
	}
	if reader.limit >= 0 {
		text = text[:min(int64(len(text)), reader.limit)]
		reader.limit -= int64(len(text))
	}
	if _, err := io.WriteString(reader.answer, text); err != nil {
		return err
	}
	if reader.limit == 0 {
		return errEnough
	}
	return nil
}

// rotated answers the file that took the path over, if one did.
func rotated(path string, file *os.File) *os.File {
	next, err := os.Open(path)
	if err != nil {
		return nil
	}
	now, err := next.Stat()
	if err == nil {
		if then, err := file.Stat(); err == nil && !os.SameFile(now, then) {
			return next
		}
	}
	_ = next.Close()
	return nil
}

func seekTail(file *os.File, lines int) error {
	content, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	skip := strings.Count(string(content), "\n") - lines
	if len(content) > 0 && content[len(content)-1] != '\n' {
		skip++
	}
	offset := 0
	for ; skip > 0; skip-- {
		offset += strings.IndexByte(string(content[offset:]), '\n') + 1
	}
	_, err = file.Seek(int64(offset), io.SeekStart)
	return err
}
