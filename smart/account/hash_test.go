package account

import (
	"strings"
	"testing"
	"time"
)

func TestHash(t *testing.T) {
	h, err := newHasher(HashCost{})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	encoded, err := h.hash(ctx, "Passwörter sind lang")
	if err != nil || !strings.HasPrefix(encoded, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatal(encoded, err)
	}
	again, _ := h.hash(ctx, "Passwörter sind lang")
	if again == encoded {
		t.Error("no salt")
	}
	for password, want := range map[string]bool{
		"Passwörter sind lang": true, "Passwo\u0308rter sind lang": true, "passwörter sind lang": false, "": false,
		"Passwörter sind lang" + strings.Repeat(" ", maxPassword): false,
	} {
		if ok, err := h.verify(ctx, password, encoded); err != nil || ok != want {
			t.Errorf("%.30q: %v, %v", password, ok, err)
		}
	}
	if ok, err := h.verify(ctx, "", ""); err != nil || ok {
		t.Errorf("no user: %v, %v", ok, err)
	}
	cheap, err := newHasher(HashCost{Memory: 64, Time: 1, Lanes: 1})
	if err != nil {
		t.Fatal(err)
	}
	if ok, _ := cheap.verify(ctx, "Passwörter sind lang", encoded); !ok || !cheap.outdated(encoded) || h.outdated(encoded) {
		t.Error("a hash of another cost")
	}
	for _, bad := range []string{
		"x", "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5", "$argon2id$v=16$m=19456,t=2,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5",
		"$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5", "$argon2id$v=19$m=19456,t=0,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5",
		"$argon2id$v=19$m=19456,t=2,p=1,x=2$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5", "$argon2id$v=19$m=19456,t=2,p=1$$a2V5a2V5a2V5a2V5a2V5", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$",
		"$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$a2V5",
	} {
		if ok, err := h.verify(ctx, "x", bad); err == nil || ok {
			t.Errorf("%q: %v, %v", bad, ok, err)
		}
	}
	for _, cost := range []HashCost{{Memory: 1, Time: 1, Lanes: 1}, {Memory: 64, Time: 0, Lanes: 1}, {Memory: 64, Time: 1}, {Memory: 2 << 20, Time: 1, Lanes: 1}} {
		if _, err := newHasher(cost); err == nil {
			t.Errorf("%+v", cost)
		}
	}
}

// TestHashWaits: no more are hashed at once than there are slots, and nobody waits for ever.
func TestHashWaits(t *testing.T) {
	h, err := newHasher(HashCost{Memory: 64, Time: 1, Lanes: 1})
	if err != nil {
		t.Fatal(err)
	}
	h.wait = 1
	for range cap(h.slots) {
		h.slots <- struct{}{}
	}
	if _, err := h.hash(t.Context(), "x"); err == nil {
		t.Error("there was no slot")
	} else if _, ok := err.(*Throttled); !ok {
		t.Error(err)
	}
}

func TestPasswordPolicy(t *testing.T) {
	for _, one := range []struct {
		password string
		second   bool
		good     bool
	}{
		{"fifteen charact", false, true}, {"fourteen chars", false, false}, {"fourteen chars", true, true}, {"eight8ch", true, true}, {"seven7c", true, false},
		{"日本語の長い合言葉はここにあるよ", false, true}, {"password1", true, false}, {"PASSWORD1", true, false}, {"password1234567", false, false}, {"passwordpassword", false, false},
		{"qwertyuiopasdfgh", false, false}, {"aaaaaaaaaaaaaaaa", false, false}, {"abcdabcdabcdabcd", false, false}, {"ana.ruiz.ana.ruiz", false, true}, {"verylongusername", false, false},
		{"andironandironandiron", false, false}, {strings.Repeat("a b ", 256), false, false}, {strings.Repeat("abcdefg ", 128), false, true}, {strings.Repeat("abcdefg ", 129), false, false},
		{"\u212bngstr\u00f6ms are small", false, true}, {"bad \xff utf-8 password", false, false}, {"               ", false, false},
	} {
		if err := checkPassword(one.password, "VeryLongUsername", one.second); (err == nil) != one.good {
			t.Errorf("%.40q, second factor %v: %v", one.password, one.second, err)
		}
	}
}

// TestBuckets: addresses that nothing is known of do not fill the memory.
func TestBuckets(t *testing.T) {
	b := newBuckets(DefaultLimits())
	now := fixed()
	for i := range 3 * maxBuckets {
		b.failure(strings.Repeat("x", i%3)+string(rune('a'+i%26))+string(rune(0x4e00+i)), now)
	}
	if len(b.addresses) > maxBuckets+1 {
		t.Errorf("%d addresses", len(b.addresses))
	}
	later := now.Add(1e12)
	if err := b.attempt("192.0.2.1", later); err != nil || len(b.addresses) > 10 {
		t.Errorf("%v, %d addresses", err, len(b.addresses))
	}
	for _, same := range [][2]string{{"::ffff:192.0.2.9", "192.0.2.9"}, {"2001:db8::1", "2001:db8::2"}, {"fe80::1%eth0", "fe80::2"}} {
		if b.of(same[0], later) != b.of(same[1], later) {
			t.Errorf("%v", same)
		}
	}
}

func fixed() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
