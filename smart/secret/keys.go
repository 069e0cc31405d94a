package secret

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// File is the name of the key file in a store's folder.
const File = "secret.key"

// Keys are the key-encryption keys of a store: the newest seals, all open. They are safe for concurrent use. When their file changes they
// follow it, so that keys are rotated while servers run.
type Keys struct {
	file string           // "" = they came from the environment, or from New
	now  func() time.Time //

	mu    sync.Mutex
	set   *set
	state fs.FileInfo // of file when it was read
}

// Options say where the keys are. The first that is set of File, Text and Default counts.
type Options struct {
	File string // it must be there
	Text Secret // the keys themselves, as the file has them: ANDIRON_SECRET_KEY
	// Default is a folder: its secret.key holds the keys, and is made where it is missing.
	Default string
	Now     func() time.Time // nil = time.Now
}

// Load reads the keys. Errors: for a file that others than its owner can read or write, for a key that is none, or not random.
func Load(o Options) (*Keys, error) {
	k := &Keys{now: o.Now}
	if k.now == nil {
		k.now = time.Now
	}
	switch {
	case o.File != "":
		k.file = o.File
	case o.Text != "":
		s, err := parse([]byte(o.Text))
		if err != nil {
			return nil, fmt.Errorf("the secret key in the environment: %w", err)
		}
		k.set = s
		return k, nil
	case o.Default != "":
		k.file = filepath.Join(o.Default, File)
		if err := k.create(); err != nil {
			return nil, fmt.Errorf("the secret key file %s cannot be made: %w", k.file, err)
		}
	default:
		return nil, errors.New("nobody has said where the secret keys are")
	}
	if err := k.read(); err != nil {
		return nil, err
	}
	return k, nil
}

// New makes keys of 32 random bytes each, oldest first.
func New(secrets ...[]byte) (*Keys, error) {
	var list []*key
	for _, secret := range secrets {
		k, err := newKey(secret, time.Time{})
		if err != nil {
			return nil, err
		}
		list = append(list, k)
	}
	s, err := newSet(list, nil)
	if err != nil {
		return nil, err
	}
	return &Keys{set: s, now: time.Now}, nil
}

// Seal encrypts plain with AES-256-GCM. about says what it is and where it is kept, such as "totp|user|17": Open needs the
// same, so that a sealed text cannot be moved to another place. As a []byte in a record it is found by Rotate.
func (k *Keys) Seal(plain, about []byte) ([]byte, error) {
	s, err := k.current(true)
	if err != nil {
		return nil, err
	}
	return s.seal(plain, about)
}

// Open decrypts what Seal has made. Its errors say nothing of the content.
func (k *Keys) Open(sealed, about []byte) ([]byte, error) {
	s, err := k.current(false)
	if err != nil {
		return nil, err
	}
	plain, err := s.open(sealed, about)
	if errors.Is(err, errUnknown) { // another process has rotated
		if s, err = k.current(true); err != nil {
			return nil, err
		}
		plain, err = s.open(sealed, about)
	}
	return plain, err
}

// Derive gives a key of 32 bytes for one purpose. It stays the same when keys are rotated, because some must: that of the journal is
// needed for as long as the journal is.
func (k *Keys) Derive(purpose string) []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	return derive(k.set.root, "derived "+purpose)
}

// current is the set in force; fresh looks whether the file has changed. A file that has gone, or cannot be read any more, does not end a
// running server: the keys that it has stay in force.
func (k *Keys) current(fresh bool) (*set, error) {
	k.mu.Lock()
	s, state := k.set, k.state
	k.mu.Unlock()
	if !fresh || k.file == "" {
		return s, nil
	}
	now, err := os.Stat(k.file)
	if err != nil || os.SameFile(now, state) && now.ModTime().Equal(state.ModTime()) && now.Size() == state.Size() {
		return s, nil
	}
	if err := k.read(); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.set, nil
}

// Key tells of one key without its secret.
type Key struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created,omitzero"`
	Seals   bool      `json:"seals"`   // it is the newest
	Records int       `json:"records"` // that hold something sealed with it, where somebody has counted
}

// List lists the keys, oldest first.
func (k *Keys) List() ([]Key, error) {
	s, err := k.current(true)
	if err != nil {
		return nil, err
	}
	list := make([]Key, len(s.keys))
	for i, one := range s.keys {
		list[i] = Key{ID: one.id.String(), Created: one.created, Seals: one == s.newest()}
	}
	return list, nil
}

// Where is the file that holds the keys; "" = they are in the environment.
func (k *Keys) Where() string { return k.file }
