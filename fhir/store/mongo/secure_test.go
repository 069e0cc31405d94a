package mongo_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/store/mongo"
	"andiron.dev/fhir/store/mongo/replica"
	"andiron.dev/search"
)

// authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // its certificate
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	a.cert, a.key = template, a.newKey()
	der := a.sign(template, a.key)
	var err error
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.file = a.write(name+".pem", &pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a
}

func (a *authority) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	return key
}

func (a *authority) sign(template *x509.Certificate, key *ecdsa.PrivateKey) []byte {
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return der
}

func (a *authority) write(name string, blocks ...*pem.Block) string {
	var text []byte
	for _, b := range blocks {
		text = append(text, pem.EncodeToMemory(b)...)
	}
	path := filepath.Join(a.t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

// issue gives a certificate with its key, also as a file.
func (a *authority) issue(name string, usage x509.ExtKeyUsage, hosts ...net.IP) (tls.Certificate, string) {
	key := a.newKey()
	der := a.sign(&x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name, Organization: []string{"Hospital"}}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage}, IPAddresses: hosts}, key)
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	file := a.write(name+".pem", &pem.Block{Type: "CERTIFICATE", Bytes: der}, &pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// secured starts a server with TLS, whose certificate is of an authority.
func secured(t *testing.T, a *authority, hosts ...net.IP) *replica.Server {
	t.Helper()
	cert, _ := a.issue("server", x509.ExtKeyUsageServerAuth, hosts...)
	clients := x509.NewCertPool()
	clients.AddCert(a.cert)
	s, err := replica.StartTLS(&tls.Config{Certificates: []tls.Certificate{cert}, ClientCAs: clients, ClientAuth: tls.VerifyClientCertIfGiven})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// used opens a store and uses it.
func used(t *testing.T, uri string) error {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	s, err := mongo.Open(t.Context(), mongo.Options{URI: uri, Params: search.NewParams(spec, nil), Timeout: time.Second})
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Update(t.Context(), nil, func(tx fhir.Tx) error {
		r, err := fhir.ParseResource(`{"resourceType":"Patient","id":"a"}`, fhir.Limits{})
		if err == nil {
			_, err = tx.Put(t.Context(), r)
		}
		return err
	})
}

// refused checks that an error helps, and says nothing secret.
func refused(t *testing.T, what string, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: it is taken", what)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v; not %q", what, err, text)
		}
	}
	for _, secret := range []string{"geheim", "anneliese", "annika", "s%3Fcret", "s?cret", "%zz"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error tells %q: %v", what, secret, err)
		}
	}
}

func loopback() net.IP { return net.IPv4(127, 0, 0, 1) }

// TestTLS: the server's certificate is looked at.
func TestTLS(t *testing.T) {
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	s := secured(t, ours, loopback())
	if err := used(t, s.URI()+"&tls=true&tlsCAFile="+ours.file); err != nil {
		t.Errorf("a certificate of the right authority: %v", err)
	}
	refused(t, "another authority", used(t, s.URI()+"&tls=true&tlsCAFile="+theirs.file), "authority that is not known", "tlsCAFile")
	refused(t, "no authority", used(t, s.URI()+"&tls=true"), "authority that is not known", "tlsCAFile")
	refused(t, "no TLS", used(t, s.URI()), "does it want TLS")
	refused(t, "a missing file", used(t, s.URI()+"&tls=true&tlsCAFile=/nowhere/ca.pem"), "/nowhere/ca.pem")
	refused(t, "another host", used(t, secured(t, ours, net.IPv4(10, 0, 0, 1)).URI()+"&tls=true&tlsCAFile="+ours.file), "for another host")
	plain, err := replica.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	refused(t, "a server without TLS", used(t, plain.URI()+"&tls=true&tlsCAFile="+ours.file), "no server of the cluster")
}

// TestPassword: SCRAM-SHA-256, over TLS as without.
func TestPassword(t *testing.T) {
	ours := newAuthority(t, "ours")
	plain, err := replica.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plain.Close() })
	overTLS := secured(t, ours, loopback())
	for name, s := range map[string]*replica.Server{"": plain, "&tls=true&tlsCAFile=" + ours.file: overTLS} {
		var forbidden atomic.Value
		s.Access = &replica.Access{Users: map[string]string{"anneliese": "geheim:s?cret"}, Denied: func(_ string, c replica.Command) bool { return c.Name == forbidden.Load() }}
		as := func(who, more string) string {
			return strings.Replace(s.URI(), "mongodb://", "mongodb://"+who+"@", 1) + "&authSource=admin" + name + more
		}
		for _, mechanism := range []string{"", "&authMechanism=SCRAM-SHA-256"} {
			if err := used(t, as("anneliese:geheim%3As%3Fcret", mechanism)); err != nil {
				t.Errorf("the right password: %v", err)
			}
			refused(t, "a wrong password", used(t, as("anneliese:geheim", mechanism)), "does not take the user and the password", "authSource")
			refused(t, "a wrong user", used(t, as("annika:geheim%3As%3Fcret", mechanism)), "does not take the user and the password")
		}
		refused(t, "another database", used(t, strings.Replace(as("anneliese:geheim%3As%3Fcret", ""), "authSource=admin", "authSource=other", 1)), "authSource")
		refused(t, "nobody", used(t, s.URI()+name), "the URI names no user", "mongodb://USER:PASSWORD@")
		refused(t, "no percent-encoding", used(t, as("anneliese:geheim:s%zzcret", "")), "percent-encoded")
		refused(t, "no percent-encoding either", used(t, as("anneliese:geheim:s?cret", "")), "percent-encoded")
		for _, denied := range []string{"insert", "update", "create", "find", "findAndModify", "createIndexes"} {
			forbidden.Store(denied)
			err := used(t, strings.Replace(as("anneliese:geheim%3As%3Fcret", ""), "/?", "/without_"+denied+"?", 1))
			if denied == "insert" || denied == "findAndModify" { // only a commit does that
				refused(t, denied, err)
			} else {
				refused(t, denied, err, "may not do what a server has to in the database without_"+denied, "readWrite")
			}
		}
	}
}

// TestCertificate: MONGODB-X509.
func TestCertificate(t *testing.T) {
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	s := secured(t, ours, loopback())
	_, known := ours.issue("andiron", x509.ExtKeyUsageClientAuth)
	_, unknown := ours.issue("somebody", x509.ExtKeyUsageClientAuth)
	_, forged := theirs.issue("andiron", x509.ExtKeyUsageClientAuth)
	s.Access = &replica.Access{Subjects: []string{"CN=andiron,O=Hospital"}}
	uri := s.URI() + "&tls=true&tlsCAFile=" + ours.file + "&authMechanism=MONGODB-X509&authSource=$external"
	if err := used(t, uri+"&tlsCertificateKeyFile="+known); err != nil {
		t.Errorf("the right certificate: %v", err)
	}
	refused(t, "another certificate", used(t, uri+"&tlsCertificateKeyFile="+unknown), "does not take", "or the certificate")
	refused(t, "no certificate", used(t, uri), "does not take", "or the certificate")
	refused(t, "a certificate of others", used(t, uri+"&tlsCertificateKeyFile="+forged), "does not take", "or the certificate")
	cert, _ := ours.issue("server", x509.ExtKeyUsageServerAuth, loopback())
	clients := x509.NewCertPool()
	clients.AddCert(ours.cert)
	strict, err := replica.StartTLS(&tls.Config{Certificates: []tls.Certificate{cert}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = strict.Close() })
	strict.Access = s.Access
	strictly := strings.Replace(uri, s.URI(), strict.URI(), 1)
	if err := used(t, strictly+"&tlsCertificateKeyFile="+known); err != nil {
		t.Errorf("the right certificate, where one is needed: %v", err)
	}
	refused(t, "none, where one is needed", used(t, strictly), "no server of the cluster", "tlsCertificateKeyFile")
	refused(t, "a certificate of others, where one is needed", used(t, strictly+"&tlsCertificateKeyFile="+forged), "no server of the cluster", "tlsCertificateKeyFile")
}

// TestUnreachable: nobody is there, or somebody else.
func TestUnreachable(t *testing.T) {
	refused(t, "nobody there", used(t, "mongodb://anneliese:geheim@127.0.0.1:1/andiron?replicaSet=rs0"), "no server of the cluster at mongodb://127.0.0.1:1/andiron", "connection refused")
	s, err := replica.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	refused(t, "another set", used(t, strings.Replace(s.URI(), "rs0", "rs1", 1)), "replicaSet=")
}
