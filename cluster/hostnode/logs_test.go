package hostnode

import (
	"context"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func read(t *testing.T, path, query string) string {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	if err := newLogReader(values, answer).read(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	return answer.Body.String()
}

func TestTheTwoOutputsNeverMixWithinALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "0.log")
	log, err := openLog(path, defaultRotationBytes)
	if err != nil {
		t.Fatal(err)
	}
	out, problems := log.stream(), log.stream()
	_, _ = out.Write([]byte("one "))
	_, _ = problems.Write([]byte("warning\nunfini"))
	_, _ = out.Write([]byte("two\n"))
	_, _ = problems.Write([]byte("shed"))
	log.close()
	if got := read(t, path, ""); got != "warning\none two\nunfinished" {
		t.Errorf("the log is %q", got)
	}
}

func TestAReaderIsGivenTheTailOrWhatCameSinceOrSoManyBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "0.log")
	lines := "2026-01-01T00:00:01.000000000Z one\n2026-01-01T00:00:02.000000000Z two\n2026-01-01T00:00:03.000000000Z three\n"
	if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	for query, wanted := range map[string]string{
		"":                               "one\ntwo\nthree\n",
		"tailLines=1":                    "three\n",
		"tailLines=0":                    "",
		"tailLines=9":                    "one\ntwo\nthree\n",
		"sinceTime=2026-01-01T00:00:02Z": "two\nthree\n",
		"limitBytes=5":                   "one\nt",
		"timestamps=true&tailLines=1":    "2026-01-01T00:00:03.000000000Z three\n",
	} {
		if got := read(t, path, query); got != wanted {
			t.Errorf("%s gives %q, not %q", query, got, wanted)
		}
	}
}

func TestAFollowerSeesEveryLineOverARotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "0.log")
	log, err := openLog(path, 200)
	if err != nil {
		t.Fatal(err)
	}
	followed := make(chan string)
	go func() { followed <- read(t, path, "follow=true") }()
	out := log.stream()
	var wanted strings.Builder
	for range 20 {
		line := strings.Repeat("x", 30) + "\n"
		wanted.WriteString(line)
		_, _ = out.Write([]byte(line))
		// Slower than the reader looks: a rotation that it sleeps through takes a file away from it, as in real life.
		time.Sleep(2 * followPoll)
	}
	log.close()
	if got := <-followed; got != wanted.String() {
		t.Errorf("%d of %d bytes were followed", len(got), wanted.Len())
	}
	if rest := read(t, path, ""); len(rest) >= wanted.Len() {
		t.Error("nothing was rotated away")
	}
}
