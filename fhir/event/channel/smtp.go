package channel

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// SMTP is a Mailer that hands mails to a server (RFC 5321). The server is the operator's choice, so that it may stand anywhere.
type SMTP struct {
	Host string
	Port int
	From string
	// TLS is TLS from the first byte (RFC 8314); otherwise the connection becomes one with STARTTLS, or no mail is sent.
	TLS bool
	// Plain leaves out STARTTLS. With a user name it is only for a server on this machine: the password would go in clear.
	Plain          bool
	User, Password string         // "" = nobody logs in
	Roots          *x509.CertPool // nil = those of the system
	Timeout        time.Duration  // of sending one mail; 0 = 30 s
	Now            func() time.Time
}

// Send implements Mailer.
func (s *SMTP) Send(ctx context.Context, m *Mail) error {
	msg, err := message(s.From, m, s.Now())
	if err != nil {
		return err
	}
	timeout := s.Timeout
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	options := []gomail.Option{
		gomail.WithPort(s.Port), gomail.WithTimeout(timeout), gomail.WithTLSPolicy(gomail.TLSMandatory),
		gomail.WithTLSConfig(&tls.Config{ServerName: s.Host, MinVersion: tls.VersionTLS12, RootCAs: s.Roots}),
	}
	switch {
	case s.TLS:
		options = append(options, gomail.WithSSL())
	case s.Plain:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if s.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.User), gomail.WithPassword(s.Password))
	}
	client, err := gomail.NewClient(s.Host, options...)
	if err != nil {
		return errors.New("the settings of the mail server are not usable")
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return undelivered(err)
	}
	return nil
}

// undelivered is why a mail was not sent, without what the server said: it quotes addresses.
func undelivered(err error) error {
	var sending *gomail.SendError
	var network *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("the mail server took too long to answer")
	case errors.As(err, &sending) && !sending.IsTemp():
		return errors.New("the mail server refused the mail")
	case errors.As(err, &sending):
		return errors.New("the mail server put the mail off")
	case errors.As(err, &network):
		return errors.New("the mail server could not be reached")
	}
	return errors.New("the mail server does not do what is needed: TLS, or the login")
}
