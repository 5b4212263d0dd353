package hostnode

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"time"
)

// A kubelet rotates at this size, and shows only the newest file afterwards.
const defaultRotationBytes = 10 << 20

// Nine digits always, as container runtimes write it.
const stampLayout = "2006-01-02T15:04:05.000000000Z07:00"

// writing holds the files of containers that still run: whoever follows one of them waits for more.
var writing sync.Map

// containerLog is the output of one run of a container: every line behind the time at which it was complete.
type containerLog struct {
	path     string
	rotateAt int64

	mutex   sync.Mutex
	file    *os.File
	size    int64
	streams []*stream
}

// stream keeps the begun line of one of the container's two outputs, so that they never mix within a line.
type stream struct {
	log  *containerLog
	rest []byte
}

func openLog(path string, rotateAt int64) (*containerLog, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	writing.Store(path, true)
	return &containerLog{path: path, rotateAt: rotateAt, file: file}, nil
}

func (log *containerLog) stream() *stream {
	made := &stream{log: log}
	log.streams = append(log.streams, made)
	return made
}

func (out *stream) Write(output []byte) (int, error) {
	out.log.mutex.Lock()
	defer out.log.mutex.Unlock()
	out.rest = append(out.rest, output...)
	whole := bytes.LastIndexByte(out.rest, '\n') + 1
	if whole == 0 {
		return len(output), nil
	}
	var stamped bytes.Buffer
	for line := range bytes.Lines(out.rest[:whole]) {
		fmt.Fprintf(&stamped, "%s %s", time.Now().UTC().Format(stampLayout), line)
	}
	out.rest = append([]byte{}, out.rest[whole:]...)
	return len(output), out.log.append(stamped.Bytes())
}

func (log *containerLog) append(lines []byte) error {
	if log.size > 0 && log.size+int64(len(lines)) > log.rotateAt {
		if err := log.rotate(); err != nil {
			return err
		}
	}
	written, err := log.file.Write(lines)
	log.size += int64(written)
	return err
}

func (log *containerLog) rotate() error {
	if err := os.Rename(log.path, log.path+"."+time.Now().UTC().Format("20060102-150405.000000000")); err != nil {
		return err
	}
	_ = log.file.Close()
	var err error
	log.file, err = os.OpenFile(log.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	log.size = 0
	return err
}

// close writes lines that were never ended: they have no newline in the log either.
func (log *containerLog) close() {
	log.mutex.Lock()
	defer log.mutex.Unlock()
	for _, stream := range log.streams {
		if len(stream.rest) > 0 {
			_ = log.append(fmt.Appendf(nil, "%s %s", time.Now().UTC().Format(stampLayout), stream.rest))
		}
	}
	_ = log.file.Close()
	writing.Delete(log.path)
}
