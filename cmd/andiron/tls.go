package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/net/netutil"
)

// tlsFlags say how the server shows who it is.
type tlsFlags struct {
	TLSCert string `name:"tls-cert" help:"Certificate chain in PEM; with it the server speaks https only. When the files change, new connections get the new certificate." placeholder:"FILE"`
	TLSKey  string `name:"tls-key" help:"Private key of the certificate in PEM." placeholder:"FILE"`

	MaxConnections int `help:"Most connections at the same time; others wait." default:"16384"`
}

func (f *tlsFlags) mistakes() []string {
	var list []string
	if (f.TLSCert == "") != (f.TLSKey == "") {
		list = append(list, "--tls-cert and --tls-key go together")
	} else if f.TLSCert != "" {
		if _, err := tls.LoadX509KeyPair(f.TLSCert, f.TLSKey); err != nil {
			list = append(list, fmt.Sprintf("--tls-cert, --tls-key: %v", err))
		}
	}
	if f.MaxConnections < 1 {
		list = append(list, fmt.Sprintf("--max-connections must be 1 or more, not %d", f.MaxConnections))
	}
	return list
}

// scheme is how URLs of the server begin.
func (f *tlsFlags) scheme() string {
	if f.TLSCert != "" {
		return "https"
	}
	return "http"
}

// protect makes a listener bounded, and one of TLS where there is a certificate.
func (f *tlsFlags) protect(l net.Listener, log *slog.Logger) (net.Listener, error) {
	l = netutil.LimitListener(l, f.MaxConnections)
	if f.TLSCert == "" {
		return l, nil
	}
	c := &certificate{cert: f.TLSCert, key: f.TLSKey, log: log, now: time.Now}
	if err := c.load(); err != nil {
		_ = l.Close()
		return nil, err
	}
	return tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get, NextProtos: []string{"h2", "http/1.1"}}), nil
}

// certificate is a certificate in files that are renewed from time to time.
type certificate struct {
	cert, key string
	log       *slog.Logger
	now       func() time.Time

	mu     sync.Mutex
	pair   *tls.Certificate
	state  [2]os.FileInfo
	looked time.Time
}

// same reports whether a file is still what it was: not another one of the same name, and not written to.
func same(a, b os.FileInfo) bool {
	return a != nil && b != nil && os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// lookEvery is how often handshakes look whether the files have changed.
const lookEvery = time.Second

// get is tls.Config.GetCertificate. Files that cannot be read, or do not belong together because only one has been renewed yet, leave the
// certificate as it is.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.looked) >= lookEvery {
		c.looked = now
		if c.changed() {
			c.reload()
		}
	}
	return c.pair, nil
}

func (c *certificate) changed() bool {
	for i, name := range []string{c.cert, c.key} {
		if state, err := os.Stat(name); err == nil && !same(state, c.state[i]) {
			return true
		}
	}
	return false
}

func (c *certificate) reload() {
	before := c.state
	err := c.load()
	switch {
	case err == nil:
		c.log.Info("the TLS certificate was renewed", slog.Time("until", c.pair.Leaf.NotAfter))
	case !same(c.state[0], before[0]) || !same(c.state[1], before[1]): // once for each change
		c.log.Error("the TLS certificate cannot be renewed; the old one stays in use", slog.String("cause", err.Error()))
	}
}

// load reads the files. What they were like is noted even if they are no good: they are tried again when they change.
func (c *certificate) load() error {
	for i, name := range []string{c.cert, c.key} {
		state, err := os.Stat(name)
		if err != nil {
			return err
		}
		c.state[i] = state
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	c.pair = &pair
	return nil
}
