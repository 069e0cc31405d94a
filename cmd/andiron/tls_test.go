package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// issue writes a certificate for this machine, and its key, to files.
func issue(t *testing.T, cert, key, name string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: text}} {
		if err := os.WriteFile(file+".tmp", pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".tmp", file); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTLS: a running server speaks TLS 1.2 and later only, with HTTP/2, takes a new certificate without breaking connections, and keeps the
// old one when the new one is no good.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	issue(t, cert, key, "first")
	s := startServer(t, "serve", "--store", "sqlite:"+filepath.Join(dir, "store"), "--tls-cert", cert, "--tls-key", key)
	if !strings.HasPrefix(s.url, "https://127.0.0.1:") {
		t.Fatal(s.url)
	}
	address := strings.TrimSuffix(strings.TrimPrefix(s.url, "https://"), "/fhir")
	shown := func() string {
		t.Helper()
		c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}
	get := func(c *http.Client) *http.Response {
		t.Helper()
		resp, err := c.Get(s.url + "/metadata?_elements=implementation")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 200 || !strings.Contains(string(body), s.url) || resp.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%d %v %s", resp.StatusCode, resp.Header, body)
		}
		return resp
	}
	if resp := get(client); resp.ProtoMajor != 2 {
		t.Errorf("HTTP/%d", resp.ProtoMajor)
	}
	old, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if _, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	if resp, err := http.Get("http://" + address + "/fhir/metadata"); err == nil {
		if resp.Body.Close(); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("in clear it answers %d", resp.StatusCode)
		}
	}
	if got := shown(); got != "first" {
		t.Errorf("shows %s", got)
	}
	issue(t, cert, key, "second")
	time.Sleep(lookEvery + 100*time.Millisecond)
	if got := shown(); got != "second" {
		t.Errorf("after the renewal it shows %s", got)
	}
	if _, err := io.WriteString(old, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
		t.Error(err)
	}
	if answer, err := io.ReadAll(old); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200") {
		t.Errorf("a connection from before: %v %.40s", err, answer)
	}
	get(client)
	for file, text := range map[string]string{cert: "broken", key: ""} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(lookEvery + 100*time.Millisecond)
		if got := shown(); got != "second" {
			t.Errorf("with %s broken it shows %s", filepath.Base(file), got)
		}
	}
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	time.Sleep(lookEvery + 100*time.Millisecond)
	if got := shown(); got != "second" {
		t.Errorf("without its file it shows %s", got)
	}
	issue(t, cert, key, "third")
	time.Sleep(lookEvery + 100*time.Millisecond)
	if got := shown(); got != "third" {
		t.Errorf("repaired, it shows %s", got)
	}
}

// TestCertificateHalfRenewed: between the renewal of the two files the old pair is shown, and what is wrong is logged once.
func TestCertificateHalfRenewed(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	issue(t, cert, key, "first")
	var log bytes.Buffer
	now := time.Now()
	c := &certificate{cert: cert, key: key, log: slog.New(slog.NewTextHandler(&log, nil)), now: func() time.Time { return now }}
	if err := c.load(); err != nil {
		t.Fatal(err)
	}
	shown := func() string {
		now = now.Add(time.Minute)
		pair, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf.Subject.CommonName
	}
	next := filepath.Join(dir, "next.pem")
	issue(t, cert, next, "second")
	for range 3 {
		if got := shown(); got != "first" {
			t.Errorf("shows %s", got)
		}
	}
	if got := strings.Count(log.String(), "ERROR"); got != 1 {
		t.Errorf("%d errors are logged: %s", got, log.String())
	}
	if err := os.Rename(next, key); err != nil {
		t.Fatal(err)
	}
	if got := shown(); got != "second" {
		t.Errorf("shows %s", got)
	}
}

func TestTLSMistakes(t *testing.T) {
	dir := t.TempDir()
	cert, key, other := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "other.pem")
	issue(t, cert, key, "a")
	issue(t, filepath.Join(dir, "b"), other, "b")
	for name, args := range map[string][]string{
		"--tls-cert and --tls-key go together": {"--tls-cert", cert},
		"private key does not match":           {"--tls-cert", cert, "--tls-key", other},
		"no such file":                         {"--tls-cert", cert, "--tls-key", filepath.Join(dir, "none")},
		"--max-connections":                    {"--max-connections", "0"},
		"--trusted-proxy":                      {"--trusted-proxy", "proxy.example.org"},
		"--rate-limit":                         {"--rate-limit", "-1"},
	} {
		status, _, stderr := command(append([]string{"check", "--store", "sqlite:" + filepath.Join(dir, "none")}, args...)...)
		if status != 2 || !strings.Contains(stderr, name) {
			t.Errorf("%s: %d %s", name, status, stderr)
		}
	}
	if status, _, stderr := command("check", "--store", "sqlite:"+filepath.Join(dir, "none"), "--tls-cert", cert, "--tls-key", key, "--trusted-proxy", "10.0.0.0/8"); status != 0 {
		t.Errorf("%d %s", status, stderr)
	}
}
