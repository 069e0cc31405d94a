package authserver

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// published are the kids of the key set.
func (b *bench) published() (kids []string) {
	b.Helper()
	status, out, h := b.send(http.MethodGet, "/auth/jwks", nil)
	if status != 200 || !strings.Contains(h.Get("Cache-Control"), "max-age=3600") {
		b.Fatal(status, h)
	}
	for _, one := range out["keys"].([]any) {
		key := one.(map[string]any)
		if key["d"] != nil || key["kty"] != "RSA" || key["use"] != "sig" || key["alg"] != "RS256" {
			b.Fatal(key)
		}
		kids = append(kids, key["kid"].(string))
	}
	return kids
}

func (b *bench) rotate(now bool) {
	b.Helper()
	if err := b.server.RotateKeys(b.Context(), now); err != nil {
		b.Fatal(err)
	}
	b.clock.Add(keysFresh)
}

func (b *bench) signs() string {
	b.Helper()
	k, _, err := b.server.ring(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return k.kid
}

// TestKeySchedule: a key is published before it signs, and stays published until nothing is valid that it has signed.
func TestKeySchedule(t *testing.T) {
	b := open(t)
	first := b.signs()
	if kids := b.published(); len(kids) != 1 || kids[0] != first {
		t.Fatal(kids)
	}
	b.clock.Add(keyAnnounced - time.Hour)
	if b.rotate(false); len(b.published()) != 1 {
		t.Error("it is too early for the next key")
	}
	b.clock.Add(time.Hour)
	b.rotate(false)
	if kids := b.published(); len(kids) != 2 || b.signs() != first {
		t.Fatal("the next key is not published, or signs already")
	}
	b.clock.Add(keyGrace)
	b.rotate(false)
	second := b.signs()
	if kids := b.published(); len(kids) != 2 || second == first {
		t.Fatal("the next key does not sign, or the old one is gone")
	}
	b.clock.Add(keyRemembered)
	b.rotate(false)
	if kids := b.published(); len(kids) != 1 || kids[0] != second {
		t.Error("the retired key is there:", kids)
	}
}

func TestRotateNow(t *testing.T) {
	b := open(t)
	first := b.signs()
	b.rotate(true)
	b.rotate(true) // the next one has not been published for a day
	if b.signs() != first || len(b.published()) != 2 {
		t.Fatal("a key signs that nobody knows")
	}
	b.clock.Add(keyPublished)
	b.rotate(true)
	if b.signs() == first {
		t.Error("the next key does not sign")
	}
	if trail := strings.Join(b.events(), "\n"); !strings.Contains(trail, "key-retired") || !strings.Contains(trail, "key-next") {
		t.Error("the audit trail does not tell of it")
	}
}

// TestKeysAreShared: two servers on one store make one key.
func TestKeysAreShared(t *testing.T) {
	b := open(t)
	other, err := New(b.server.config)
	if err != nil {
		t.Fatal(err)
	}
	kids := make(chan string, 20)
	race(20, func() bool {
		s := b.server
		if len(kids)%2 == 1 {
			s = other
		}
		k, _, err := s.ring(t.Context())
		if err != nil {
			t.Error(err)
			return false
		}
		kids <- k.kid
		return true
	})
	close(kids)
	first := b.signs()
	for kid := range kids {
		if kid != first {
			t.Error("two keys sign")
		}
	}
	list, err := b.server.readKeys(t.Context())
	if err != nil || len(list) != 1 {
		t.Error(len(list), err)
	}
	if strings.Contains(string(list[0].Private), "PRIVATE") || len(list[0].Private) < 1000 {
		t.Error("the private key is not sealed")
	}
}
