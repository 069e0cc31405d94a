package mongo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
)

// Options say how to open a store. URI and Params are required.
type Options struct {
	URI            string           // mongodb://… or mongodb+srv://…; TLS, SCRAM and X.509 are its business; its path names the database
	Database       string           // instead of the one in the URI; "" = that, or DefaultDatabase
	Params         *search.Params   // gives the index values of a resource
	Now            func() time.Time // nil = time.Now
	Log            *slog.Logger     // nil = slog.Default()
	ReadPreference string           // of views: primary, primaryPreferred, secondary, secondaryPreferred or nearest; "" = primary
	Pool           uint64           // most connections to each server; 0 = that of the URI, or the driver's
	Timeout        time.Duration    // to find a server; 0 = that of the URI, or 10 seconds

	// SearchLimit bounds the resources and index rows that one search may look at, as far as MongoDB can be held to it; 0 = no bound.
	SearchLimit int64

	// JournalKey makes the hashes of the journal HMACs, which only its holder can make anew; nil = plain hashes. All who write to a
	// store must have the same.
	JournalKey []byte

	// Unsafe acknowledges commits before a majority of servers has them. For measurements only.
	Unsafe bool
}

// appName is what the program calls itself at the server.
const appName = "andiron"

// DefaultDatabase is where a store is when nothing says otherwise.
const DefaultDatabase = "andiron"

// Store is a fhir.Store in a database of a replica set or sharded cluster. Any number of processes may open the same.
type Store struct {
	options   Options
	client    *driver.Client
	db        *driver.Database // reads from the primary
	views     *driver.Database // reads as Options.ReadPreference says
	admission admission
	guards    keyedMutex
	writer    *writer
	bell      fhir.Bell
	known     collections
	gap       atomic.Pointer[indexJob] // nil = the index is complete
	owner     string                   // names this process where it has a lease

	building atomic.Pointer[fhir.IndexJob] // indexes of MongoDB's that are being made; nil = all are there

	refreshing   sync.Mutex
	foreignIndex bool // another version of the program has written the index
	log          *slog.Logger
	quit         func()
	beside       sync.WaitGroup
	close        sync.Once
	closeErr     error
}

var _ fhir.Store = (*Store)(nil)

// Open connects to the cluster and makes the database ready where it is new. It fails with a *TopologyError where the server is no
// member of a replica set, and with a *SchemaError for a database that a newer program has written.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &Store{options: o, log: o.Log, owner: newOwner()}
	database, err := s.connect()
	if err != nil {
		return nil, err
	}
	if err := s.start(ctx, database); err != nil {
		return nil, errors.Join(s.inWords(err, database), s.client.Disconnect(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// connect makes the client, which does not wait for a server yet.
func (s *Store) connect() (database string, err error) {
	o := s.options
	uri, err := connstring.ParseAndValidate(o.URI)
	if err != nil {
		return "", unreadable(o.URI, err)
	}
	if database = o.Database; database == "" {
		database = uri.Database
	}
	if database == "" {
		database = DefaultDatabase
	}
	preference := readpref.Primary()
	if o.ReadPreference != "" {
		mode, err := readpref.ModeFromString(o.ReadPreference)
		if err != nil {
			return "", fmt.Errorf("the read preference %q is none: %w", o.ReadPreference, err)
		}
		if preference, err = readpref.New(mode); err != nil {
			return "", err
		}
	}
	c := options.Client().ApplyURI(o.URI).SetAppName(appName).SetReadConcern(readconcern.Majority()).SetWriteConcern(o.concern())
	if o.Pool > 0 {
		c.SetMaxPoolSize(o.Pool)
	}
	switch {
	case o.Timeout > 0:
		c.SetServerSelectionTimeout(o.Timeout)
	case !uri.ServerSelectionTimeoutSet:
		c.SetServerSelectionTimeout(10 * time.Second)
	}
	if s.client, err = driver.Connect(c); err != nil {
		return "", fmt.Errorf("the settings of the cluster are wrong: %w", err)
	}
	s.db = s.client.Database(database, options.Database().SetReadPreference(readpref.Primary()))
	s.views = s.client.Database(database, options.Database().SetReadPreference(preference))
	return database, nil
}

func (o *Options) concern() *writeconcern.WriteConcern {
	if o.Unsafe {
		return writeconcern.W1()
	}
	return writeconcern.Majority()
}

// start looks at the cluster and brings the database up to date.
func (s *Store) start(ctx context.Context, _ string) error {
	if err := s.topology(ctx); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	s.writer = newWriter(s)
	go s.writer.serve()
	if err := s.catchUp(ctx); err != nil {
		s.writer.close()
		return err
	}
	beside, quit := context.WithCancel(context.WithoutCancel(ctx))
	s.quit = quit
	s.beside.Go(func() { s.upkeep(beside) })
	return nil
}

// View implements fhir.Store.
func (s *Store) View(ctx context.Context, fn func(fhir.Tx) error) error {
	return s.snapshot(ctx, s.views, func(r *reader) error { return fn(&viewTx{r}) })
}

// snapshot runs fn with a reader of one state of the store.
func (s *Store) snapshot(ctx context.Context, db *driver.Database, fn func(*reader) error) error {
	if err := s.admission.enter(ctx); err != nil {
		return err
	}
	defer s.admission.leave()
	r, err := s.reader(db)
	if err != nil {
		return err
	}
	defer r.end()
	return fn(r)
}

// optimisticAttempts is how often an update runs beside others before it runs within the transaction.
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
		tx := &stagedTx{store: s, ctx: ctx, guards: guards}
		err := tx.run(fn)
		switch {
		case tx.within:
			return s.writer.runWithin(ctx, guards, fn)
		case snapshotGone(err):
			continue // nothing has been written
		case err != nil:
			return err
		case !tx.wrote():
			return nil
		}
		if err := s.writer.commit(tx); !errors.Is(err, errConflict) {
			return asOutcome(err)
		}
	}
	return s.writer.runWithin(ctx, guards, fn)
}

// Close implements fhir.Store. It waits for running views and updates, so it must not be called from within one. What comes after
// it fails with Transient.
func (s *Store) Close() error {
	s.close.Do(func() {
		s.quit()
		s.admission.close()
		s.writer.close()
		s.beside.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		s.closeErr = s.client.Disconnect(ctx)
	})
	return s.closeErr
}

// Redacted is a URI without what it says of a user.
func Redacted(uri string) string {
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return "mongodb"
	}
	authority, path, slash := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		authority = authority[at+1:]
	}
	path, _, _ = strings.Cut(path, "?")
	if slash {
		authority += "/" + path
	}
	return scheme + "://" + authority
}
