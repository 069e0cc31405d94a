package search_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

func newSealer(t testing.TB, now *time.Time) *search.Sealer {
	t.Helper()
	s, err := search.NewSealer(search.NewKey(), func() time.Time { return *now })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func seal(t testing.TB, s *search.Sealer, purpose, text string) string {
	t.Helper()
	token, err := s.Seal(purpose, text)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestSealer(t *testing.T) {
	now := time.Date(2026, 3, 2, 13, 59, 30, 0, time.UTC) // the next hour, and the next key, come soon
	s, other := newSealer(t, &now), newSealer(t, &now)
	for _, text := range []string{"", "name=Ann", strings.Repeat("name=Ann&", 5000)} {
		now := &now
		token := seal(t, s, "Patient", text)
		if strings.Contains(token, "Ann") || token == seal(t, s, "Patient", text) {
			t.Errorf("the token of %d bytes tells something", len(text))
		}
		if len(token) > 2000 {
			t.Errorf("the token of %d bytes has %d", len(text), len(token))
		}
		for name, open := range map[fhir.IssueType]func() (string, error){
			fhir.Invalid: func() (string, error) { return s.Open("Observation", token) },
			fhir.Expired: func() (string, error) { return other.Open("Patient", token) },
		} {
			if _, err := open(); fhir.CodeOf(err) != name {
				t.Errorf("got %v, want %s", err, name)
			}
		}
		began := *now
		for _, later := range []time.Duration{0, time.Minute, search.PageLifetime} {
			*now = began.Add(later)
			if got, err := s.Open("Patient", token); err != nil || got != text {
				t.Errorf("after %s: %d bytes became %d, %v", later, len(text), len(got), err)
			}
		}
		*now = began.Add(search.PageLifetime + time.Second)
		if _, err := s.Open("Patient", token); fhir.CodeOf(err) != fhir.Expired {
			t.Errorf("too late: got %v, want expired", err)
		}
		*now = began
	}
	if _, err := search.NewSealer([]byte("too short"), time.Now); err == nil {
		t.Error("a short key was taken")
	}
}

// TestSealerKnowsItsKey: servers that share a key read each other's links.
func TestSealerKnowsItsKey(t *testing.T) {
	key := search.NewKey()
	a, _ := search.NewSealer(key, time.Now)
	b, _ := search.NewSealer(key, time.Now)
	if got, err := b.Open("p", seal(t, a, "p", "text")); got != "text" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestSealerMissesNoChange changes every bit of a token.
func TestSealerMissesNoChange(t *testing.T) {
	now := time.Now()
	s := newSealer(t, &now)
	token := seal(t, s, "Patient", "name=Ann")
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 * len(sealed) {
		sealed[i/8] ^= 1 << (i % 8)
		_, err := s.Open("Patient", base64.RawURLEncoding.EncodeToString(sealed))
		if code := fhir.CodeOf(err); code != fhir.Invalid && (code != fhir.Expired || i >= 32) { // the first 32 bits say which key it is
			t.Errorf("bit %d: %v", i, err)
		}
		sealed[i/8] ^= 1 << (i % 8)
	}
	for n := range len(token) {
		if _, err := s.Open("Patient", token[:n]); fhir.CodeOf(err) != fhir.Invalid {
			t.Errorf("cut to %d: %v", n, err)
		}
	}
}

// FuzzSealer: a token gives back what was sealed to whoever asks for the same, and nothing to others; whatever else comes, is an
// error of the client.
func FuzzSealer(f *testing.F) {
	now := time.Date(2026, 3, 2, 13, 0, 0, 0, time.UTC)
	s, other := newSealer(f, &now), newSealer(f, &now)
	f.Add("Patient", "name=Ann", "Observation", "AAAA", uint16(3), byte(1))
	f.Add("", strings.Repeat("x", 2000), "x", "", uint16(900), byte(0x80))
	f.Add("a\x00b", "\xff", "a", seal(f, other, "a", "b"), uint16(0), byte(0))
	f.Fuzz(func(t *testing.T, purpose, text, elsewhere, foreign string, at uint16, flip byte) {
		token := seal(t, s, purpose, text)
		if got, err := s.Open(purpose, token); err != nil || got != text {
			t.Fatalf("got %q, %v", got, err)
		}
		refused := func(purpose, token string) {
			if got, err := s.Open(purpose, token); err == nil {
				t.Fatalf("%q was opened as %q", token, got)
			} else if code := fhir.CodeOf(err); code != fhir.Invalid && code != fhir.Expired {
				t.Fatalf("%q: %v", token, err)
			}
		}
		if elsewhere != purpose {
			refused(elsewhere, token)
		}
		refused(purpose, foreign)
		if changed := []byte(token); flip != 0 {
			changed[int(at)%len(changed)] ^= flip
			refused(purpose, string(changed))
		}
	})
}
