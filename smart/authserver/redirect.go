package authserver

import (
	"net/url"
	"strconv"
	"strings"
)

// maxRedirect bounds a redirect URI in bytes.
const maxRedirect = 2000

// validRedirect says what is wrong with a redirect URI that is to be registered; "" = nothing. https, http to this very machine
// (RFC 8252 §7.3), and private schemes of native apps, which have a dot in them (§7.1), are allowed.
func validRedirect(text string) string {
	if len(text) > maxRedirect {
		return "is too long"
	}
	for _, c := range []byte(text) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\\\"<>^`{|}*", c) >= 0 {
			return "has characters that no URI has"
		}
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme == "":
		return "is not an absolute URI"
	case strings.Contains(text, "#"):
		return "must not have a fragment"
	case u.User != nil:
		return "must not have a user in it"
	case strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://"):
		if u.Hostname() == "" {
			return "has no host"
		}
		if port := u.Port(); port != "" && !validPort(port) {
			return "has no valid port"
		}
		if u.Scheme == "http" && !loopbackName(u.Hostname()) {
			return "must be https, or http on a loopback address"
		}
	case u.Scheme == "http" || u.Scheme == "https":
		return "must begin with its scheme in lower case and two slashes"
	case !strings.Contains(u.Scheme, "."):
		return "must be https, http on a loopback address, or have a private scheme with a dot such as org.example.app"
	}
	return ""
}

func loopbackName(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

func validPort(digits string) bool {
	n, err := strconv.ParseUint(digits, 10, 16)
	return err == nil && n > 0 && digits[0] >= '1' && digits[0] <= '9'
}

// redirects reports whether a client that has registered a redirect URI may be answered at another: at that very one, byte for
// byte, and where it is a loopback address at any port, which a native app only learns when it runs (RFC 8252 §7.3).
func redirects(registered, asked string) bool {
	if registered == asked {
		return true
	}
	for _, host := range []string{"http://127.0.0.1", "http://[::1]"} {
		path, ok := afterPort(registered, host)
		if !ok {
			continue
		}
		other, ok := afterPort(asked, host)
		return ok && other == path
	}
	return false
}

// afterPort is what follows the port, if there is one, of a URI that begins with a scheme and host.
func afterPort(uri, host string) (string, bool) {
	rest, ok := strings.CutPrefix(uri, host)
	if !ok {
		return "", false
	}
	if digits, colon := strings.CutPrefix(rest, ":"); colon {
		end := strings.IndexAny(digits, "/?")
		if end < 0 {
			end = len(digits)
		}
		if !validPort(digits[:end]) {
			return "", false
		}
		rest = digits[end:]
	}
	return rest, rest == "" || rest[0] == '/' || rest[0] == '?'
}

// withQuery adds parameters to a redirect URI, leaving the ones that it was registered with.
func withQuery(uri string, values url.Values) string {
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
		if strings.HasSuffix(uri, "?") || strings.HasSuffix(uri, "&") {
			separator = ""
		}
	}
	return uri + separator + values.Encode()
}

// originOf is the scheme, host and port of a URI; "" where it has none that a browser would send.
func originOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
