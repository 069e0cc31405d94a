package token

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	"andiron.dev/smart/outbound"
)

// metadata is what an issuer says of itself (OpenID Connect Discovery; RFC 8414).
type metadata struct {
	mu   sync.Mutex
	keys string // jwks_uri
	read time.Time
}

const metadataFor = time.Hour

// keysURL is where the issuer's key set is. When the metadata cannot be read again, what was read before stays in use.
func (e *External) keysURL(ctx context.Context) (string, error) {
	m := &e.issuer
	m.mu.Lock()
	defer m.mu.Unlock()
	now := e.now()
	if m.keys != "" && now.Sub(m.read) < metadataFor {
		return m.keys, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*fetchTime) // others wait for it too
	defer cancel()
	keys, err := e.readMetadata(ctx)
	if err == nil {
		m.keys = keys
	} else if m.keys == "" {
		return "", err
	}
	m.read = now
	return m.keys, nil
}

func (e *External) readMetadata(ctx context.Context) (keys string, err error) {
	for _, where := range metadataURLs(e.Issuer) {
		var doc *outbound.Document
		if doc, err = outbound.Get(ctx, e.Client, where); err != nil {
			continue
		}
		said, broken := object(doc.Body)
		if broken != nil {
			err = errors.New("token: the metadata of the issuer are no JSON object")
			continue
		}
		issuer, _ := said["issuer"].(string)
		keys, _ = said["jwks_uri"].(string)
		if issuer == e.Issuer && keys != "" { // another issuer could have its own keys taken for this one's
			return keys, nil
		}
		err = errors.New("token: the metadata are not those of the issuer, or name no key set")
	}
	return "", err
}

// metadataURLs are where the metadata may be.
func metadataURLs(issuer string) []string {
	list := []string{strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"}
	if u, err := url.Parse(issuer); err == nil {
		u.Path = "/.well-known/oauth-authorization-server" + strings.TrimSuffix(u.Path, "/")
		list = append(list, u.String())
	}
	return list
}
