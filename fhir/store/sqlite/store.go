package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// Options say how to open a store. Dir and Params are required.
type Options struct {
	Dir     string           // folder of the store; created where it is missing
	Params  *search.Params   // gives the index values of a resource; the store puts the parameters in force that its resources define
	Now     func() time.Time // nil = time.Now
	Readers int              // connections that read at the same time; 0 = 8
	Cache   int              // page cache of the writer in KiB, an eighth of it for each reader; 0 = 16,384
	Log     *slog.Logger     // nil = slog.Default()

	// SearchLimit bounds the resources and index rows that one search may look at; 0 = no bound.
	SearchLimit int64

	// JournalKey makes the hashes of the journal HMACs, which only its holder can make anew; nil = plain hashes. All who write to a
	// store must have the same.
	JournalKey []byte

	// Unsafe leaves out the fsync of each commit. For measurements only: a crash of the machine loses what was acknowledged.
	Unsafe bool
}

// File is the name of the database within Options.Dir.
const File = "andiron.db"

// Store is a fhir.Store in a SQLite file. Several processes may open the same store; each commits on its own.
type Store struct {
	options   Options
	admission admission
	readers   *pool
	writer    *writer
	names     *dictionary
	guards    keyedMutex
	sample    sample
	bell      fhir.Bell
	close     sync.Once
	closeErr  error

	gap   atomic.Pointer[gap] // nil = the index is complete
	owner string              // names this process in table index_job
	grace time.Duration       // see grace
	work  chan struct{}       // says that there may be work on the index
	quit  func()              // ends lookOut
}

var _ fhir.Store = (*Store)(nil)

// Open opens the store in options.Dir, creates it where there is none, and brings its schema up to date. Where another
// search.IndexVersion has written the index, it begins to index the store anew, and leaves the rest to Index or IndexBeside. It fails with a *SchemaError for a store that a newer
// program has written, and for a file that is no store.
func Open(options Options) (*Store, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Readers == 0 {
		options.Readers = 8
	}
	if options.Cache == 0 {
		options.Cache = 16 << 10
	}
	if options.Log == nil {
		options.Log = slog.Default()
	}
	if err := os.MkdirAll(options.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot create the store's folder: %w", err)
	}
	path := filepath.Join(options.Dir, File)
	c, err := open(path, options, options.Cache)
	if err != nil {
		return nil, err
	}
	s := &Store{options: options, names: newDictionary(), sample: sample{few: 64, most: 20_000}, owner: newOwner(), grace: grace, work: make(chan struct{}, 1)}
	if err := s.start(c); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), c.Close())
	}
	s.readers = newPool(options.Readers, func() (*conn, error) {
		c, err := open(path, options, options.Cache/8)
		if err != nil {
			return nil, err
		}
		k, err := newConn(c)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		k.names = s.names
		return k, nil
	})
	go s.writer.serve()
	ctx, quit := context.WithCancel(context.Background())
	s.quit = quit
	go s.lookOut(ctx)
	s.catchUp()
	return s, nil
}

// start makes the file ready on the connection that will be the writer's.
func (s *Store) start(c *sqlite.Conn) (err error) {
	if err := migrate(c); err != nil {
		return err
	}
	if s.writer, err = newWriter(c, s); err != nil {
		return err
	}
	return s.writer.ready()
}

// View implements fhir.Store.
func (s *Store) View(ctx context.Context, fn func(fhir.Tx) error) error {
	return s.snapshot(ctx, func(r reader) error { return fn(&viewTx{r}) })
}

// snapshot runs fn with a reader of its own, on one state of the store.
func (s *Store) snapshot(ctx context.Context, fn func(reader) error) error {
	if err := s.admission.enter(ctx); err != nil {
		return err
	}
	defer s.admission.leave()
	c, err := s.readers.take(ctx)
	if err != nil {
		return err
	}
	defer s.readers.put(c)
	if err := c.begin(); err != nil {
		return asOutcome(err)
	}
	defer c.end()
	return fn(reader{s, c})
}

// optimisticAttempts is how often an update runs beside others before it gets the writer for itself.
const optimisticAttempts = 3

// Update implements fhir.Store.
func (s *Store) Update(ctx context.Context, guards []string, fn func(fhir.Tx) error) error {
	if err := s.admission.enter(ctx); err != nil {
		return err
	}
	defer s.admission.leave()
	guards = slices.Compact(slices.Sorted(slices.Values(guards)))
	if err := s.guards.lock(ctx, guards); err != nil {
		return fhir.NewOutcome(fhir.Timeout, "the request was given up while others were changing the same").WithCause(err)
	}
	defer s.guards.unlock(guards)
	for range optimisticAttempts {
		tx := &stagedTx{reader: reader{s, nil}, ctx: ctx, guards: guards, generation: s.options.Params.Generation()}
		err := tx.run(fn)
		switch {
		case tx.alone:
			return s.writer.runAlone(ctx, guards, fn)
		case err != nil:
			return err
		case !tx.wrote():
			return nil
		}
		if err := s.writer.commit(tx); !errors.Is(err, errConflict) {
			return asOutcome(err)
		}
	}
	return s.writer.runAlone(ctx, guards, fn)
}

// Close implements fhir.Store. It waits for running views and updates, so it must not be called from within one. What
// comes after it fails with Transient.
func (s *Store) Close() error {
	s.close.Do(func() {
		s.quit()
		s.admission.close()
		s.closeErr = errors.Join(s.writer.close(), s.readers.close())
	})
	return s.closeErr
}
