package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/event"
	"andiron.dev/fhir/event/channel"
	"andiron.dev/fhir/rest"
	"andiron.dev/fhir/server"
	"andiron.dev/resources/automation"
	"andiron.dev/resources/scheduling"
	"andiron.dev/smart"
)

// eventFlags say where notifications may go.
type eventFlags struct {
	AllowEndpoints []string `name:"allow-endpoints" help:"Network or address inside, such as 10.1.0.0/16 or 127.0.0.0/8, that notifications of subscriptions may be delivered to, by http too and on every port; otherwise only https on port 443 or 8443 of the public internet is. May be repeated." placeholder:"CIDR"`

	SMTPAddr       string `name:"smtp-addr" help:"Mail server that mails are handed to. Without one each mail becomes a file in --outbox-dir." placeholder:"HOST:PORT"`
	SMTPFrom       string `name:"smtp-from" help:"Address that mails are from." placeholder:"ADDRESS"`
	SMTPSecurity   string `name:"smtp-security" help:"How the connection to the mail server is protected: starttls, tls from the beginning, or none, which is only for a server on this machine." enum:"starttls,tls,none" default:"starttls"`
	SMTPUser       string `name:"smtp-user" help:"User that logs in to the mail server." placeholder:"USER"`
	SMTPSecretFile string `name:"smtp-secret-file" help:"File with that user's password." placeholder:"FILE"`
	OutboxDir      string `name:"outbox-dir" help:"Folder for mails that are sent nowhere; outbox in the folder of a sqlite store, or in the current one, if it is not given." placeholder:"DIR"`

	where string // FHIR base that the server is reached under, when it listens
}

func (f *eventFlags) mistakes() []string {
	var list []string
	if _, err := rest.ParseProxies(f.AllowEndpoints); err != nil {
		list = append(list, "--allow-endpoints: "+err.Error())
	}
	if (f.SMTPUser == "") != (f.SMTPSecretFile == "") {
		list = append(list, "--smtp-user and --smtp-secret-file go together")
	}
	if _, err := secretFrom(f.SMTPSecretFile); err != nil {
		list = append(list, fmt.Sprintf("--smtp-secret-file: %v", err))
	}
	if f.SMTPAddr == "" {
		if f.SMTPFrom != "" || f.SMTPUser != "" {
			list = append(list, "--smtp-from and --smtp-user are of no use without --smtp-addr")
		}
		return list
	}
	if _, port, err := net.SplitHostPort(f.SMTPAddr); err != nil {
		list = append(list, fmt.Sprintf("--smtp-addr %q is not HOST:PORT", f.SMTPAddr))
	} else if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		list = append(list, fmt.Sprintf("--smtp-addr %q: the port is none", f.SMTPAddr))
	}
	if _, err := mail.ParseAddress(f.SMTPFrom); err != nil {
		list = append(list, fmt.Sprintf("--smtp-from %q is not an address such as andiron@hospital.example", f.SMTPFrom))
	}
	if f.SMTPSecurity == "none" && !server.Loopback(f.SMTPAddr) {
		list = append(list, "--smtp-security none is only for a mail server on this machine")
	}
	return list
}

// mailer sends mails to the mail server, or, where there is none, to a folder.
func (f *serverFlags) mailer(now func() time.Time) (channel.Mailer, error) {
	if f.SMTPAddr == "" {
		dir, err := f.outbox()
		return &channel.Folder{Dir: dir, From: f.SMTPFrom, Now: now}, err
	}
	host, port, _ := net.SplitHostPort(f.SMTPAddr) // see mistakes
	n, _ := strconv.Atoi(port)
	password, err := secretFrom(f.SMTPSecretFile)
	return &channel.SMTP{
		Host: host, Port: n, From: f.SMTPFrom, TLS: f.SMTPSecurity == "tls", Plain: f.SMTPSecurity == "none", User: f.SMTPUser, Password: string(password), Now: now,
	}, err
}

// outbox is the folder for mails that are sent nowhere.
func (f *serverFlags) outbox() (string, error) {
	if f.OutboxDir != "" {
		return f.OutboxDir, nil
	}
	at, err := f.place()
	if err == nil && at.cluster() {
		at.dir = "."
	}
	return filepath.Join(at.dir, "outbox"), err
}

// events adds subscriptions to what a server offers.
func (f *serverFlags) events(config *server.Config, st *store, a *authority, log *slog.Logger) (*event.Module, error) {
	mailer, err := f.mailer(st.now)
	if err != nil {
		return nil, err
	}
	allowed, _ := rest.ParseProxies(f.AllowEndpoints) // see mistakes
	options := channel.SocketOptions{Open: a == nil, Origins: f.Origin, Address: rest.Address, Now: st.now}
	if a != nil {
		options.MayCall = func(origin string) bool { return a.server.MayCall(context.Background(), origin) }
	}
	sockets := channel.NewSockets(options)
	base := func() string {
		if config.BaseURL != "" {
			return config.BaseURL
		}
		return f.where
	}
	config.Load = &server.Load{}
	events := event.Config{
		Busy:  config.Load.Busy,
		Store: st, Spec: st.spec, Params: st.params, BaseURL: config.BaseURL, Base: base, Now: st.now, NewID: server.NewUUID, Log: log,
		WebSocketURL: func(base string) string {
			return "ws" + strings.TrimPrefix(base, "http") + strings.TrimPrefix(server.SocketPath, server.Path)
		},
		Channels: channel.New(channel.Config{Allow: allowed, Mailer: mailer, Socket: sockets, Now: st.now, NewID: server.NewUUID, Source: config.BaseURL}),
	}
	if a != nil {
		events.Guarded, events.Internal, events.Authority = a.guard.Store(), smart.System, subscribers{a}
	}
	m, err := event.New(events)
	if err != nil {
		return nil, err
	}
	sockets.Ask(m)
	if a != nil {
		a.guard.Show(func(ctx context.Context, records fhir.RecordReader, r *fhir.Resource) (*fhir.Resource, error) {
			shown, err := m.Redact(ctx, records, r)
			if err != nil {
				return nil, err
			}
			return scheduling.Redact(ctx, shown)
		})
	}
	config.Topics, config.Catalogue = m.Topics, m.Canonicals()
	config.Socket, config.Modules = sockets, append(config.Modules, m)
	return m, nil
}

// named is how rules find topics by which events are named.
func named(m *event.Module) func(context.Context, string) (automation.Topic, error) {
	return func(ctx context.Context, name string) (automation.Topic, error) {
		topic, err := m.Named(ctx, name)
		if topic == nil || err != nil {
			return nil, err
		}
		return topic, nil
	}
}
