package channel

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Mail is a mail before it has a sender. It holds no patient data: mail is read by whoever carries it.
type Mail struct {
	To      string // an address as of net/mail
	Subject string
	Text    string
	// Attachment is what a program may read; "" = there is none.
	Attachment, AttachmentName, AttachmentType string
}

// Mailer sends mails.
type Mailer interface {
	// Send returns when the next server, or the disk, has the mail. Its errors name no address.
	Send(ctx context.Context, m *Mail) error
}

// Folder is a Mailer that needs no configuration: every mail becomes a file that ends in .eml, for demonstrations and tests.
type Folder struct {
	Dir  string // made when it is missing
	From string // "" = andiron@localhost
	Now  func() time.Time
}

// Send implements Mailer.
func (f *Folder) Send(_ context.Context, m *Mail) error {
	from := f.From
	if from == "" {
		from = "andiron@localhost"
	}
	now := f.Now()
	msg, err := message(from, m, now)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if _, err := msg.WriteTo(&text); err != nil {
		return fmt.Errorf("the mail cannot be written: %w", err)
	}
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return fmt.Errorf("the folder for mails cannot be made: %w", err)
	}
	// Whoever watches the folder must not see half a mail.
	name := filepath.Join(f.Dir, now.UTC().Format("20060102T150405.000")+"-"+strings.ToLower(rand.Text()[:12]))
	if err := os.WriteFile(name+".part", text.Bytes(), 0o600); err != nil {
		return fmt.Errorf("the mail cannot be written: %w", err)
	}
	if err := os.Rename(name+".part", name+".eml"); err != nil {
		return fmt.Errorf("the mail cannot be written: %w", err)
	}
	return nil
}

// message is a mail as RFC 5322 has it.
func message(from string, m *Mail, now time.Time) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := msg.From(from); err != nil {
		return nil, fmt.Errorf("the sender's address is none")
	}
	to, err := mail.ParseAddress(m.To)
	if err != nil {
		return nil, fmt.Errorf("the recipient's address is none")
	}
	msg.ToMailAddress(to)
	msg.Subject(m.Subject)
	msg.SetDateWithValue(now)
	msg.SetMessageIDWithValue(strings.ToLower(rand.Text()) + "@andiron")
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's holiday note comes back
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.Attachment != "" {
		err := msg.AttachReader(m.AttachmentName, strings.NewReader(m.Attachment), gomail.WithFileContentType(gomail.ContentType(m.AttachmentType)))
		if err != nil {
			return nil, fmt.Errorf("the attachment cannot be written: %w", err)
		}
	}
	return msg, nil
}
