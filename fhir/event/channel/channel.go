package channel

import (
	"crypto/x509"
	"net/netip"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/event"
	"andiron.dev/smart/outbound"
)

// The codes of http://hl7.org/fhir/subscription-channel-type that are served. sms is not: it needs a carrier.
const (
	TypeRestHook  = "rest-hook"
	TypeWebSocket = "websocket"
	TypeEmail     = "email"
	TypeMessage   = "message"
)

const (
	longest   = 60 * time.Second // that a single delivery may take, whatever the subscription asks for
	mostBack  = 64 << 10         // bytes of an endpoint's answer; nobody reads them
	publicTLS = 443
	otherTLS  = 8443
)

// Config is what channels need.
type Config struct {
	// Allow are networks inside that may be delivered to, by http too, and on every port. Beside them only https to the internet is open.
	Allow  []netip.Prefix
	Roots  *x509.CertPool   // of certificates of endpoints; nil = those of the system
	Mailer Mailer           // of the email channel; nil = it is not offered
	Socket *Sockets         // of the websocket channel; nil = it is not offered
	Now    func() time.Time // of the clock that tests can set
	NewID  func() string    // of messages
	Source string           // endpoint that messages say they are from: the FHIR base; "" = a name
}

// New makes the channels by their codes.
func New(c Config) map[string]event.Channel {
	// Time runs out by the clock on the wall: an exchange takes as long as it takes, whatever a test has set.
	client := outbound.New(outbound.Options{
		Allow: c.Allow, Delivery: true, Ports: []uint16{publicTLS, otherTLS}, Roots: c.Roots, Timeout: longest, MaxBody: mostBack,
	})
	out := &caller{client, newHosts(client)}
	all := map[string]event.Channel{
		TypeRestHook: &restHook{out},
		TypeMessage:  &messages{caller: out, source: c.Source, now: c.Now, newID: c.NewID},
	}
	if c.Mailer != nil {
		all[TypeEmail] = &email{c.Mailer}
	}
	if c.Socket != nil {
		all[TypeWebSocket] = c.Socket
	}
	return all
}

// issues collects what is wrong with a Subscription.channel.
type issues []fhir.Issue

func (l *issues) add(code fhir.IssueType, element, text string) {
	*l = append(*l, fhir.Issue{Severity: fhir.Error, Code: code, Text: text, Expression: []string{"Subscription.channel" + element}})
}

func (l issues) outcome() *fhir.Outcome {
	if len(l) == 0 {
		return nil
	}
	return &fhir.Outcome{Issues: l}
}

// content is what a subscription to a topic wants to be sent: the extension backport-payload-content; "" = a classic one, or nothing said.
func content(sub *fhir.Resource) event.Content {
	for x := range sub.Root().Get("channel").Get("payload").Each("extension") {
		if x.Get("url").Text() == event.Backport+"StructureDefinition/backport-payload-content" {
			return event.Content(x.Get("valueCode").Text())
		}
	}
	return ""
}

// payload refuses media types that are not sent.
func (l *issues) payload(sub *fhir.Resource) {
	switch sub.Root().Get("channel").Get("payload").Text() {
	case "", mediaFHIR, "application/json":
	default:
		l.add(fhir.NotSupported, ".payload", "the payload must be application/fhir+json; nothing else is sent")
	}
}

// none refuses an element that the channel has no use for.
func (l *issues) none(sub *fhir.Resource, element, why string) {
	if sub.Root().Get("channel").Get(element).Exists() {
		l.add(fhir.NotSupported, "."+element, why)
	}
}
