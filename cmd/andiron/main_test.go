package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/smart/secret"
)

// TestMain lets the test binary be the program: tests start it as a process of its own, to kill it.
func TestMain(m *testing.M) {
	if os.Getenv("ANDIRON_TEST_PROGRAM") == "1" {
		os.Unsetenv("ANDIRON_TEST_PROGRAM") // it would be taken for a setting
		main()
	}
	if upstream := os.Getenv("ANDIRON_TEST_FLOOR"); upstream != "" {
		floor(upstream)
	}
	status := m.Run()
	if err := chosen.Sweep(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

// program starts the program as a process.
func program(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	return process(t, "ANDIRON_TEST_PROGRAM=1", args...)
}

func process(t testing.TB, role string, args ...string) *exec.Cmd {
	t.Helper()
	args = onCluster(args)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), role)
	cmd.Stderr = os.Stderr
	return cmd
}

// running is a server in a process of its own.
type running struct {
	cmd *exec.Cmd
	url string // FHIR base
	log bytes.Buffer
}

// startServer starts "serve" (or another command that serves) and waits until it listens.
func startServer(t testing.TB, args ...string) *running {
	t.Helper()
	if !slices.Contains(args, "--auth") {
		args = append(args, "--auth", "off")
	}
	return start(t, "ANDIRON_TEST_PROGRAM=1", append(args, "--addr", "127.0.0.1:0")...)
}

// start starts a process that says where it listens.
func start(t testing.TB, role string, args ...string) *running {
	t.Helper()
	s := &running{cmd: process(t, role, args...)}
	s.cmd.Stderr = nil
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.kill() })
	lines := bufio.NewReader(out)
	for s.url == "" {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatalf("the server ended before it listened: %v\n%s", err, s.log.String())
		}
		s.log.Write(line)
		var record struct{ Msg, URL string }
		if err := json.Unmarshal(line, &record); err != nil {
			t.Fatalf("a line of the log is not JSON: %s", line)
		}
		if record.Msg == "listening" {
			s.url = record.URL
		}
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return s
}

// kill ends the server as kill -9 does.
func (s *running) kill() {
	if s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
}

// stop ends the server as an operator does, and returns how long it took.
func (s *running) stop(t testing.TB) time.Duration {
	t.Helper()
	started := time.Now()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	return time.Since(started)
}

// do sends a request and returns status and body.
func (s *running) do(t testing.TB, method, path, body string) (int, string) {
	t.Helper()
	var headers []string
	if body != "" {
		headers = append(headers, jsonBody)
	}
	resp, text := roundTrip(t, method, s.url+path, body, headers...)
	return resp.StatusCode, text
}

// total counts the resources of a type.
func (s *running) total(t testing.TB, search string) int {
	t.Helper()
	separator := "?"
	if strings.Contains(search, "?") {
		separator = "&"
	}
	status, body := s.do(t, http.MethodGet, "/"+search+separator+"_summary=count", "")
	var bundle struct{ Total *int }
	if err := json.Unmarshal([]byte(body), &bundle); err != nil || status != http.StatusOK || bundle.Total == nil {
		t.Fatalf("%s: %d %s", search, status, body)
	}
	return *bundle.Total
}

// command runs the program in this process and returns its exit status and what it wrote.
func command(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = run(context.Background(), onCluster(args), &out, &err)
	return status, out.String(), err.String()
}

// onCluster puts a database on a replica set in the place of a folder, where the tests run on one. What else would be in the folder goes where
// it would.
func onCluster(args []string) []string {
	at := slices.Index(args, "--store") + 1
	if at == 0 || at == len(args) {
		return args
	}
	dir, ok := strings.CutPrefix(args[at], "sqlite:")
	uri, chosen := chosen.URI(dir)
	if !ok || !chosen {
		return args
	}
	args = slices.Clone(args)
	args[at] = uri
	if slices.Contains([]string{"serve", "demo"}, args[0]) && !slices.Contains(args, "--outbox-dir") {
		args = append(args, "--outbox-dir", filepath.Join(dir, "outbox"))
	}
	if slices.Contains(args, "--secret-key-file") || os.Getenv("ANDIRON_SECRET_KEY") != "" || os.Getenv("ANDIRON_SECRET_KEY_FILE") != "" {
		return args
	}
	keys := dir + "-keys"
	if _, err := secret.Load(secret.Options{Default: keys}); err != nil {
		panic(err)
	}
	return append(args, "--secret-key-file", filepath.Join(keys, secret.File))
}

func patient(i int) string {
	return fmt.Sprintf(`{"resourceType":"Patient","identifier":[{"system":"urn:test","value":"%d"}],"name":[{"family":"Family%d"}]}`, i, i)
}
