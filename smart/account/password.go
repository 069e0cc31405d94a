package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// HashCost is what argon2id is made to spend on a password.
type HashCost struct {
	Memory uint32 // KiB
	Time   uint32 // passes
	Lanes  uint8
}

// floorMemory is what OWASP wants at least, with two passes and one lane. The other bounds are there because a record that somebody has
// tampered with must not stop the server.
const (
	floorMemory = 19 << 10
	maxMemory   = 1 << 20
	maxTime     = 64
	saltSize    = 16
	hashSize    = 32
)

func (c HashCost) sound() bool {
	return c.Memory >= 8*uint32(c.Lanes) && c.Memory <= maxMemory && c.Time >= 1 && c.Time <= maxTime && c.Lanes >= 1 && c.Lanes <= 64
}

// hasher hashes passwords, few at a time: each takes its memory and a processor.
type hasher struct {
	cost  HashCost
	slots chan struct{}
	wait  time.Duration // for a slot
	dummy string        // a hash of nothing that anybody knows, for users that there are not
}

func newHasher(cost HashCost) (*hasher, error) {
	if cost == (HashCost{}) {
		cost = HashCost{Memory: floorMemory, Time: 2, Lanes: 1}
	}
	if !cost.sound() {
		return nil, fmt.Errorf("argon2id needs 8 KiB for each lane, at most %d KiB, and 1 to %d passes", maxMemory, maxTime)
	}
	h := &hasher{cost: cost, slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0))), wait: 5 * time.Second}
	salt := make([]byte, saltSize+hashSize)
	_, _ = rand.Read(salt) // it never fails
	h.dummy = phc(cost, salt[:saltSize], salt[saltSize:])
	return h, nil
}

// take waits for a slot. Errors: Throttled, where too many are waiting already.
func (h *hasher) take(ctx context.Context) error {
	late := time.NewTimer(h.wait)
	defer late.Stop()
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-late.C:
		return &Throttled{RetryAfter: h.wait}
	}
}

// hash makes the PHC string of a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	if err := h.take(ctx); err != nil {
		return "", err
	}
	defer func() { <-h.slots }()
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // it never fails
	key := argon2.IDKey([]byte(norm.NFC.String(password)), salt, h.cost.Time, h.cost.Memory, h.cost.Lanes, hashSize)
	return phc(h.cost, salt, key), nil
}

// verify reports whether a password belongs to a PHC string. Without one it takes as long and says no.
func (h *hasher) verify(ctx context.Context, password, encoded string) (bool, error) {
	known := encoded != ""
	if !known {
		encoded = h.dummy
	}
	cost, salt, key, ok := parsePHC(encoded)
	if !ok {
		return false, fmt.Errorf("a password hash in the store is not one")
	}
	if err := h.take(ctx); err != nil {
		return false, err
	}
	defer func() { <-h.slots }()
	if len(password) > maxPassword { // no password is: but it must take as long
		password, known = password[:maxPassword], false
	}
	got := argon2.IDKey([]byte(norm.NFC.String(password)), salt, cost.Time, cost.Memory, cost.Lanes, uint32(len(key)))
	return subtle.ConstantTimeCompare(got, key) == 1 && known, nil
}

// outdated reports whether a hash was made at another cost than now.
func (h *hasher) outdated(encoded string) bool {
	cost, _, _, ok := parsePHC(encoded)
	return ok && cost != h.cost
}

// phc writes a hash as the password hashing competition has it (https://github.com/P-H-C/phc-string-format).
func phc(c HashCost, salt, key []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Time, c.Lanes, b.EncodeToString(salt), b.EncodeToString(key))
}

func parsePHC(text string) (c HashCost, salt, key []byte, ok bool) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Time, &c.Lanes); err != nil || fmt.Sprintf("m=%d,t=%d,p=%d", c.Memory, c.Time, c.Lanes) != parts[3] {
		return c, nil, nil, false
	}
	b := base64.RawStdEncoding.Strict()
	salt, err := b.DecodeString(parts[4])
	if err != nil || len(salt) < 8 || len(salt) > 64 {
		return c, nil, nil, false
	}
	key, err = b.DecodeString(parts[5])
	if err != nil || len(key) < 16 || len(key) > 64 {
		return c, nil, nil, false
	}
	return c, salt, key, c.sound()
}
