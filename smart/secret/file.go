package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// mostFile bounds a key file: more keys than fit into it nobody has.
const mostFile = 64 << 10

// read reads the file.
func (k *Keys) read() error {
	f, err := os.Open(k.file)
	if err != nil {
		return fmt.Errorf("the secret key file cannot be read: %w", err)
	}
	defer f.Close()
	state, err := f.Stat()
	if err != nil {
		return fmt.Errorf("the secret key file cannot be read: %w", err)
	}
	if !state.Mode().IsRegular() {
		return fmt.Errorf("the secret key file %s is no file", k.file)
	}
	if open := state.Mode().Perm() & 0o077; open != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("the secret key file %s must be its owner's alone: it has the mode %04o; use \"chmod 600\"", k.file, state.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, mostFile))
	if err != nil {
		return fmt.Errorf("the secret key file cannot be read: %w", err)
	}
	s, err := parse(text)
	if err != nil {
		return fmt.Errorf("the secret key file %s: %w", k.file, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.set, k.state = s, state
	return nil
}

// create makes the file with one key, where it is missing. Of two processes that do so at once, one wins and both use its key.
func (k *Keys) create() error {
	if _, err := os.Stat(k.file); !errors.Is(err, fs.ErrNotExist) {
		return nil // read says what is wrong with it
	}
	first, err := newKey(random(Size), k.now().UTC().Truncate(time.Second))
	if err != nil {
		return err
	}
	dir := filepath.Dir(k.file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, File+".*") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	s := &set{keys: []*key{first}, root: random(Size)}
	if err := finish(f, s.text()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), k.file); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

// finish writes a file whole, or fails.
func finish(f *os.File, text []byte) error {
	_, err := f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" { // folders cannot be opened there
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// change replaces the file by what fn makes of it. The new text is durable before anybody can see it, and of two changes at once one
// fails.
func (k *Keys) change(fn func(*set) (*set, error)) error {
	if k.file == "" {
		return errors.New("the keys come from the environment: add a key at the end of ANDIRON_SECRET_KEY, and start the servers anew")
	}
	path, err := filepath.EvalSymlinks(k.file)
	if err != nil {
		return err
	}
	next := path + ".new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the keys are being changed already; if that is not so, a change was interrupted: remove %s", next)
	}
	if err != nil {
		return err
	}
	defer os.Remove(next)
	if err := k.read(); err != nil { // what it holds now that nobody else can change it
		return errors.Join(err, f.Close())
	}
	k.mu.Lock()
	before := k.set
	k.mu.Unlock()
	s, err := fn(before)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if err := finish(f, s.text()); err != nil {
		return err
	}
	if err := os.Rename(next, path); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return err
	}
	return k.read()
}

// Add adds a new key, which seals from now on, and returns its id. Processes that use the same file notice before they seal or open
// anything.
func (k *Keys) Add() (id string, err error) {
	err = k.change(func(before *set) (*set, error) {
		added, err := newKey(random(Size), k.now().UTC().Truncate(time.Second))
		if err != nil {
			return nil, err
		}
		id = added.id.String()
		return newSet(append(before.keys[:len(before.keys):len(before.keys)], added), before.root)
	})
	return id, err
}

// Remove removes keys by their ids. The newest stays whatever is said. What was sealed with the others can no longer be opened: see Rotate.
func (k *Keys) Remove(ids ...string) error {
	gone := make(map[string]bool)
	for _, id := range ids {
		gone[id] = true
	}
	return k.change(func(before *set) (*set, error) {
		var kept []*key
		for _, one := range before.keys {
			if !gone[one.id.String()] || one == before.newest() {
				kept = append(kept, one)
			}
		}
		return newSet(kept, before.root)
	})
}
