package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/smart/secret"
)

func keys(t testing.TB, seeds ...string) *secret.Keys {
	t.Helper()
	var list [][]byte
	for _, seed := range seeds {
		list = append(list, material(seed))
	}
	k, err := secret.New(list...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// material is 32 bytes that are different for each seed.
func material(seed string) []byte {
	b := make([]byte, secret.Size)
	for i := range b {
		b[i] = byte(i*7) ^ seed[i%len(seed)]
	}
	return b
}

func TestSealAndOpen(t *testing.T) {
	k := keys(t, "a")
	for _, plain := range []string{"", "x", strings.Repeat("long", 10_000)} {
		sealed, err := k.Seal([]byte(plain), []byte("totp|1"))
		if err != nil {
			t.Fatal(err)
		}
		if plain != "" && len(plain) > 3 && bytes.Contains(sealed, []byte(plain)) {
			t.Error("the text can be read")
		}
		again, err := k.Seal([]byte(plain), []byte("totp|1"))
		if err != nil || bytes.Equal(sealed, again) {
			t.Error("the same text looks the same when it is sealed twice")
		}
		got, err := k.Open(sealed, []byte("totp|1"))
		if err != nil || string(got) != plain {
			t.Errorf("%q, %v", got, err)
		}
		for _, about := range []string{"totp|2", "", "totp|1 "} {
			if _, err := k.Open(sealed, []byte(about)); err == nil {
				t.Errorf("it opens as %q, too", about)
			}
		}
	}
}

// TestEveryByteCounts: no bit of a sealed text can be changed, and no part of it left out.
func TestEveryByteCounts(t *testing.T) {
	k := keys(t, "a")
	sealed, err := k.Seal([]byte("seed"), []byte("about"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		for _, bit := range []byte{1, 0x80} {
			changed := bytes.Clone(sealed)
			changed[i] ^= bit
			if _, err := k.Open(changed, []byte("about")); err == nil {
				t.Fatalf("byte %d can be changed", i)
			}
		}
		if _, err := k.Open(sealed[:i], []byte("about")); err == nil {
			t.Fatalf("it opens with its first %d bytes", i)
		}
		if _, err := k.Open(sealed[i+1:], []byte("about")); err == nil {
			t.Fatalf("it opens without its first %d bytes", i+1)
		}
	}
	if _, err := keys(t, "b").Open(sealed, []byte("about")); err == nil {
		t.Error("another key opens it")
	}
	if got, err := keys(t, "b", "a", "c").Open(sealed, []byte("about")); err != nil || string(got) != "seed" {
		t.Errorf("an older key does not open it: %v", err)
	}
}

// TestMark: rotation finds sealed texts in JSON by how they begin there.
func TestMark(t *testing.T) {
	sealed, err := keys(t, "a").Seal([]byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{"seed": sealed})
	if err != nil || !strings.HasPrefix(string(text), `{"seed":"`+secret.Mark) {
		t.Errorf("%s, %v", text, err)
	}
	if !secret.Sealed(sealed) || secret.Sealed([]byte("sealed01")) || secret.Sealed(nil) {
		t.Error("Sealed is wrong")
	}
}

func TestDerive(t *testing.T) {
	a, b := keys(t, "a"), keys(t, "a", "b")
	if !bytes.Equal(a.Derive("journal"), b.Derive("journal")) {
		t.Error("a new key changes what is derived")
	}
	if bytes.Equal(a.Derive("journal"), a.Derive("page")) || bytes.Equal(a.Derive("journal"), keys(t, "b").Derive("journal")) || len(a.Derive("x")) != 32 {
		t.Error("what is derived is not of its purpose and key alone")
	}
}

func TestKeyTexts(t *testing.T) {
	m, n := material("m"), material("n")
	std := base64.StdEncoding.EncodeToString
	for name, test := range map[string]struct {
		text string
		keys int // 0 = it is refused
	}{
		"base64":             {std(m), 1},
		"with a line end":    {std(m) + "\r\n", 1},
		"for URLs":           {base64.RawURLEncoding.EncodeToString(m), 1},
		"hexadecimal":        {fmt.Sprintf("%x", m), 1},
		"two lines":          {std(m) + "\n" + std(n) + "\n", 2},
		"two with a comma":   {std(m) + "," + std(n), 2},
		"with times":         {"2026-01-31T12:00:00Z " + std(m) + "\n2026-02-28T12:00:00Z " + std(n), 2},
		"with a comment":     {"# a, b\n" + std(m), 1},
		"with a root":        {"root " + std(n) + "\n" + std(m), 1},
		"raw":                {string(append([]byte{0xff, 0}, m[2:]...)), 1},
		"empty":              {" \n", 0},
		"only a comment":     {"# nothing", 0},
		"too short":          {std(m[:31]), 0},
		"too long":           {std(append(m, 1)), 0},
		"twice":              {std(m) + "\n" + std(m), 0},
		"two roots":          {"root " + std(n) + "\nroot " + std(m) + "\n" + std(m), 0},
		"only a root":        {"root " + std(n), 0},
		"a password":         {"correct horse battery staple 123", 0},
		"zeros":              {std(make([]byte, 32)), 0},
		"a placeholder":      {std(bytes.Repeat([]byte("changeme"), 4)), 0},
		"no time":            {"yesterday " + std(m), 0},
		"three words":        {"a b " + std(m), 0},
		"not base64":         {"§§§", 0},
		"a key after a word": {std(m) + "\nand more", 0},
	} {
		k, err := secret.Load(secret.Options{Text: secret.Secret(test.text)})
		if (err == nil) != (test.keys > 0) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err != nil {
			for _, word := range strings.Fields(test.text) {
				if len(word) > 6 && strings.Contains(err.Error(), word) {
					t.Errorf("%s: the error repeats the key: %v", name, err)
				}
			}
			continue
		}
		list, err := k.List()
		if err != nil || len(list) != test.keys || !list[len(list)-1].Seals {
			t.Errorf("%s: %+v, %v", name, list, err)
		}
	}
}

func TestFileIsMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	const n = 20
	var wg sync.WaitGroup
	sealed := make([][]byte, n)
	for i := range n { // processes that start at once
		wg.Go(func() {
			k, err := secret.Load(secret.Options{Default: dir})
			if err != nil {
				t.Error(err)
				return
			}
			sealed[i], err = k.Seal([]byte("x"), nil)
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	k, err := secret.Load(secret.Options{Default: dir})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sealed {
		if _, err := k.Open(s, nil); err != nil {
			t.Error(err)
		}
	}
	state, err := os.Stat(filepath.Join(dir, secret.File))
	if err != nil || state.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", state.Mode(), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
	list, err := k.List()
	if err != nil || len(list) != 1 || time.Since(list[0].Created).Abs() > time.Minute {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestFileOfOthers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if _, err := secret.Load(secret.Options{File: file}); err == nil {
		t.Error("a file that was named and is missing is made")
	}
	if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(material("a"))), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o640: false, 0o604: false, 0o660: false, 0o644: false, 0o620: false, 0o601: false} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := secret.Load(secret.Options{File: file}); (err == nil) != want {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	if _, err := secret.Load(secret.Options{File: t.TempDir()}); err == nil {
		t.Error("a folder is taken for a key file")
	}
	if _, err := secret.Load(secret.Options{}); err == nil {
		t.Error("there are keys from nowhere")
	}
}

// TestFileChanges: a running process follows a rotation by another, and one that was started before seals with the new key.
func TestFileChanges(t *testing.T) {
	dir := t.TempDir()
	load := func() *secret.Keys {
		k, err := secret.Load(secret.Options{Default: dir})
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	running, other := load(), load()
	before, err := running.Seal([]byte("old"), nil)
	if err != nil {
		t.Fatal(err)
	}
	journal := running.Derive("journal")
	id, err := other.Add()
	if err != nil {
		t.Fatal(err)
	}
	after, err := other.Seal([]byte("new"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := running.Open(after, nil); err != nil || string(got) != "new" {
		t.Errorf("the running process cannot open what the new key has sealed: %v", err)
	}
	if got, err := running.Open(before, nil); err != nil || string(got) != "old" {
		t.Errorf("nor what the old one has: %v", err)
	}
	if !bytes.Equal(journal, running.Derive("journal")) || !bytes.Equal(journal, load().Derive("journal")) {
		t.Error("what is derived has changed")
	}
	list, err := running.List()
	if err != nil || len(list) != 2 || list[1].ID != id || !list[1].Seals || list[0].Seals {
		t.Errorf("%+v, %v", list, err)
	}
	if err := other.Remove(list[0].ID, list[1].ID); err != nil {
		t.Fatal(err)
	}
	if list, err = load().List(); err != nil || len(list) != 1 || list[0].ID != id {
		t.Errorf("after removing all: %+v, %v", list, err)
	}
	if !bytes.Equal(journal, load().Derive("journal")) {
		t.Error("what is derived hangs on a key that was removed")
	}
	if _, err := load().Open(before, nil); err == nil {
		t.Error("a key that was removed still opens")
	}
	// The file is taken away: what runs goes on.
	if err := os.Remove(filepath.Join(dir, secret.File)); err != nil {
		t.Fatal(err)
	}
	if _, err := running.Seal([]byte("x"), nil); err != nil {
		t.Error(err)
	}
}

func TestChangesAtOnce(t *testing.T) {
	dir := t.TempDir()
	k, err := secret.Load(secret.Options{Default: dir})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	added := 0
	for range 8 {
		wg.Go(func() {
			if _, err := k.Add(); err == nil {
				mu.Lock()
				added++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	list, err := k.List()
	if err != nil || len(list) != added+1 || added == 0 {
		t.Errorf("%d were added, %d are there: %v", added, len(list), err)
	}
	if err := os.WriteFile(filepath.Join(dir, secret.File+".new"), nil, 0o600); err != nil { // somebody was interrupted
		t.Fatal(err)
	}
	if _, err := k.Add(); err == nil || !strings.Contains(err.Error(), "secret.key.new") {
		t.Errorf("%v", err)
	}
	if _, err := keys(t, "a").Add(); err == nil {
		t.Error("a key is added to the environment")
	}
}

func TestSecretIsHidden(t *testing.T) {
	const canary = "Quxleycanary"
	s := secret.Secret(canary)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", s, "in", struct{ S secret.Secret }{s})
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", s, "in", struct{ S secret.Secret }{s})
	text, err := json.Marshal(map[string]any{"s": []any{s, &s, struct{ S secret.Secret }{s}}})
	if err != nil {
		t.Fatal(err)
	}
	seen := log.String() + string(text) + fmt.Sprint(s, &struct{ S secret.Secret }{s}) + fmt.Sprintf("%v %+v %#v %s %q %x %X %d %t %v", s, s, s, s, s, s, s, s, s, []secret.Secret{s}) +
		fmt.Sprintf("%#v", struct{ S secret.Secret }{s}) + fmt.Errorf("%w %v", errors.New("x"), s).Error()
	for _, word := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary)} {
		if strings.Contains(seen, word) {
			t.Errorf("%q can be seen: %s", word, seen)
		}
	}
	if !strings.Contains(seen, "(hidden)") || string(s) != canary || secret.Secret("").String() != "" {
		t.Error(seen)
	}
}

func FuzzOpen(f *testing.F) {
	k := keys(f, "a")
	sealed, err := k.Seal([]byte("seed"), []byte("about"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add(sealed[:20])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		if plain, err := k.Open(text, []byte("about")); err == nil && string(plain) != "seed" {
			t.Errorf("it opens as %q", plain)
		}
	})
}

func FuzzKeyText(f *testing.F) {
	f.Add([]byte("root AAAA\n# x\n2026-01-31T12:00:00Z AAAA,BBBB"))
	f.Add(material("x"))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := secret.Load(secret.Options{Text: secret.Secret(text)})
		if err != nil {
			return
		}
		sealed, err := k.Seal([]byte("x"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Open(sealed, nil); err != nil {
			t.Fatal(err)
		}
	})
}
