package channel_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir/event"
	"andiron.dev/fhir/event/channel"
)

func TestEmailToFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	mail := channels(t, &channel.Folder{Dir: dir, Now: time.Now})["email"]
	sub := subscription(t, `{"type":"email","endpoint":"mailto:ward@hospital.example"}`)
	if o := mail.Check(sub); o != nil {
		t.Fatal(o)
	}
	for range 2 {
		if err := mail.Deliver(t.Context(), noted(t, sub, topic, event.IDOnly)); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(files) != 2 || !strings.HasSuffix(files[0], ".eml") {
		t.Fatalf("%v", files)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<ward@hospital.example>", "Event 7", "notification.json", "application/fhir+json", "Auto-Submitted: auto-generated"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	// However the subscription came into the store, no resource goes out.
	if err := mail.Deliver(t.Context(), noted(t, sub, topic, event.FullResource)); err != nil {
		t.Fatal(err)
	}
	if err := mail.Deliver(t.Context(), noted(t, sub, "", "")); err != nil {
		t.Fatal(err)
	}
	files, _ = filepath.Glob(filepath.Join(dir, "*"))
	for _, name := range files {
		text, _ := os.ReadFile(name)
		if strings.Contains(string(text), "Secretname") || strings.Contains(string(text), base64.StdEncoding.EncodeToString([]byte(`"Secretname"`))[2:10]) {
			t.Errorf("a mail holds a resource:\n%s", text)
		}
	}
	if len(files) != 4 {
		t.Errorf("%d mails", len(files))
	}
}

func TestEmailCheck(t *testing.T) {
	mail := channels(t, &channel.Folder{Dir: t.TempDir(), Now: time.Now})["email"]
	const full = `,"payload":"application/fhir+json","_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"%s"}]}`
	for c, want := range map[string]bool{
		`"endpoint":"mailto:a@b.example"`:                                      true,
		`"endpoint":"mailto:a@b.example"` + fmt.Sprintf(full, "id-only"):       true,
		`"endpoint":"mailto:a@b.example"` + fmt.Sprintf(full, "full-resource"): false,
		`"endpoint":"mailto:a@b.example","payload":"application/fhir+json"`:    false,
		`"endpoint":"mailto:a@b.example","header":["A: b"]`:                    false,
		`"endpoint":"mailto:a@b.example?cc=c@d.example"`:                       false,
		`"endpoint":"mailto:a@b.example,c@d.example"`:                          false,
		`"endpoint":"mailto:a%0d%0aBcc:x@b.example"`:                           false,
		`"endpoint":"mailto:"`:                                                 false, `"endpoint":"a@b.example"`: false, `"endpoint":"https://b.example"`: false, `"endpoint":"mailto:nobody"`: false, `"x":1`: false,
	} {
		if o := mail.Check(subscription(t, `{"type":"email",`+c+`}`)); (o == nil) != want {
			t.Errorf("%s: %v", c, o)
		}
	}
	if channels(t, nil)["email"] != nil {
		t.Error("there is no mailer, and mail is offered")
	}
}

// postOffice is an SMTP server that keeps what it is given: as much of RFC 5321 as a client needs.
type postOffice struct {
	port    int
	roots   *x509.CertPool
	refuse  bool // every recipient
	starttl bool // offer STARTTLS
	got     chan string
}

func newPostOffice(t *testing.T, change ...func(*postOffice)) *postOffice {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, _ := x509.ParseCertificate(der)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &postOffice{port: l.Addr().(*net.TCPAddr).Port, roots: x509.NewCertPool(), starttl: true, got: make(chan string, 10)}
	p.roots.AddCert(cert)
	for _, f := range change {
		f(p)
	}
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c, config)
		}
	}()
	return p
}

func (p *postOffice) serve(c net.Conn, config *tls.Config) {
	defer func() { _ = c.Close() }()
	in, secure := bufio.NewReader(c), false
	say := func(line string) { _, _ = fmt.Fprint(c, line+"\r\n") }
	say("220 localhost")
	var letter strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.Fields(line + " x")[0]); verb {
		case "EHLO":
			say("250-localhost")
			if secure {
				say("250 AUTH PLAIN")
			} else if p.starttl {
				say("250 STARTTLS")
			} else {
				say("250 HELP")
			}
		case "STARTTLS":
			say("220 go")
			t := tls.Server(c, config)
			c, in, secure = t, bufio.NewReader(t), true
		case "AUTH":
			letter.WriteString("AUTH " + strings.TrimSpace(line[5:]) + "\n")
			say("235 in")
		case "RCPT":
			if p.refuse {
				say("550 no such user <" + line + ">")
				continue
			}
			say("250 ok")
		case "DATA":
			say("354 go")
			for {
				line, err := in.ReadString('\n')
				if err != nil || line == ".\r\n" {
					break
				}
				letter.WriteString(line)
			}
			p.got <- letter.String()
			say("250 ok")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func TestSMTP(t *testing.T) {
	p := newPostOffice(t)
	s := &channel.SMTP{Host: "localhost", Port: p.port, From: "andiron@hospital.example", User: "andiron", Password: "s3cr3t", Roots: p.roots, Timeout: 5 * time.Second, Now: time.Now}
	if err := s.Send(t.Context(), &channel.Mail{To: "ward@hospital.example", Subject: "Hello", Text: "Text of it"}); err != nil {
		t.Fatal(err)
	}
	letter := <-p.got
	login := base64.StdEncoding.EncodeToString([]byte("\x00andiron\x00s3cr3t"))
	for _, want := range []string{"Subject: Hello", "Text of it", "From: <andiron@hospital.example>", "To: <ward@hospital.example>", "AUTH PLAIN " + login} {
		if !strings.Contains(letter, want) {
			t.Errorf("%q is missing in\n%s", want, letter)
		}
	}
}

func TestSMTPRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		office func(*postOffice)
		send   func(*channel.SMTP)
	}{
		"a recipient whom nobody knows": {func(p *postOffice) { p.refuse = true }, func(*channel.SMTP) {}},
		"no TLS":                        {func(p *postOffice) { p.starttl = false }, func(*channel.SMTP) {}},
		"a certificate of nobody":       {func(*postOffice) {}, func(s *channel.SMTP) { s.Roots = nil }},
		"nobody there":                  {func(*postOffice) {}, func(s *channel.SMTP) { s.Port = 1 }},
	} {
		p := newPostOffice(t, c.office)
		s := &channel.SMTP{Host: "localhost", Port: p.port, From: "andiron@hospital.example", User: "andiron", Password: "s3cr3t", Roots: p.roots, Timeout: 5 * time.Second, Now: time.Now}
		c.send(s)
		err := s.Send(t.Context(), &channel.Mail{To: "ward@hospital.example", Subject: "Hello", Text: "x"})
		if err == nil || strings.Contains(err.Error(), "ward") || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", name, err)
		}
		select {
		case letter := <-p.got:
			t.Errorf("%s: the mail arrived:\n%s", name, letter)
		default:
		}
	}
	p := newPostOffice(t, func(p *postOffice) { p.starttl = false })
	s := &channel.SMTP{Host: "localhost", Port: p.port, From: "andiron@hospital.example", Plain: true, Timeout: 5 * time.Second, Now: time.Now}
	if err := s.Send(t.Context(), &channel.Mail{To: "ward@hospital.example", Subject: "Hello", Text: "x"}); err != nil {
		t.Errorf("a relay on this machine without TLS: %v", err)
	}
}
