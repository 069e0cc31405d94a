package channel

import (
	"net/http"
	"net/textproto"
	"strings"

	"andiron.dev/fhir"
	"golang.org/x/net/http/httpguts"
)

const (
	mostHeaders   = 32
	longestHeader = 8 << 10
)

// reserved reports whether a header is the connection's own business, or would have the request mean something else to the one who reads it
// than to the one who sent it (RFC 9110 section 7.6.1).
func reserved(name string) bool {
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Te", "Trailer", "Upgrade", "Expect", "Content-Encoding",
		"X-Idempotency-Key", "Idempotency-Key":
		return true
	}
	return strings.HasPrefix(strings.ToLower(name), "proxy-")
}

// split reads a Subscription.channel.header: "Name: value".
func split(header string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(header, ":")
	value = strings.Trim(value, " \t")
	return name, value, ok && httpguts.ValidHeaderFieldName(name) && httpguts.ValidHeaderFieldValue(value)
}

// headers refuses headers that are not sent. The issues repeat none of them: they hold secrets.
func (l *issues) headers(sub *fhir.Resource) {
	count := 0
	for h := range sub.Root().Get("channel").Each("header") {
		count++
		name, _, ok := split(h.Text())
		switch {
		case !ok || len(h.Text()) > longestHeader:
			l.add(fhir.Value, ".header", "a header must be written 'Name: value', with no line breaks, and at most 8 KiB long")
		case reserved(name):
			l.add(fhir.BusinessRule, ".header", "the header "+textproto.CanonicalMIMEHeaderKey(name)+" cannot be set: it belongs to the connection")
		}
	}
	if count > mostHeaders {
		l.add(fhir.BusinessRule, ".header", "there are too many headers: at most 32 are sent")
	}
}

// setHeaders sets the headers of a subscription. What Check would refuse is left out, however it came into the store.
func setHeaders(to http.Header, sub *fhir.Resource) {
	for h := range sub.Root().Get("channel").Each("header") {
		if name, value, ok := split(h.Text()); ok && !reserved(name) {
			to.Add(name, value)
		}
	}
}
