package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/store/mongo"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/search"
	"andiron.dev/search/ucum"
	"andiron.dev/smart/secret"
)

// storeFlags say where resources are kept.
type storeFlags struct {
	Store string `help:"Where resources are kept: sqlite:DIR, the embedded engine, or mongodb://…, the URI of a MongoDB replica set or sharded cluster." default:"sqlite:./data" placeholder:"STORE"`
	Cache int    `name:"cache-mb" help:"Memory for the page cache of a sqlite store, in MiB." default:"24"`
	clusterFlags
	secretFlags

	searchLimit int64            // see serverFlags.SearchLimit
	now         func() time.Time // nil = time.Now
}

// clusterFlags say how a cluster is used, beyond what its URI says.
type clusterFlags struct {
	MongoPool    uint64        `help:"Most connections to each MongoDB server; 0 leaves it to the URI." default:"0"`
	MongoTimeout time.Duration `help:"How long to look for a MongoDB server that answers; 0 leaves it to the URI, or is 10s." default:"0s"`
	MongoRead    string        `name:"mongo-read-preference" help:"Which MongoDB servers answer reads and searches. All but primary may be a moment behind what has just been written." enum:"primary,primaryPreferred,secondary,secondaryPreferred,nearest" default:"primary"`
}

// place is a store that --store names: a folder, or a cluster.
type place struct {
	dir, uri string
	flags    *storeFlags
}

func (p place) cluster() bool { return p.uri != "" }

func (p place) String() string {
	if p.cluster() {
		return mongo.Redacted(p.uri)
	}
	return p.dir
}

// place reads --store.
func (f *storeFlags) place() (place, error) {
	engine, rest, ok := strings.Cut(f.Store, ":")
	switch {
	case ok && engine == "sqlite" && rest != "":
		return place{dir: rest, flags: f}, nil
	case ok && (engine == "mongodb" || engine == "mongodb+srv") && strings.HasPrefix(rest, "//"):
		if f.SecretKeyFile == "" && os.Getenv("ANDIRON_SECRET_KEY") == "" {
			return place{}, errors.New("a MongoDB store has no folder to keep its secret keys in: name a file with --secret-key-file, or set ANDIRON_SECRET_KEY, the same for every server")
		}
		return place{uri: f.Store, flags: f}, nil
	}
	return place{}, fmt.Errorf("--store %q: only sqlite:DIR and mongodb://… are supported", mongo.Redacted(f.Store))
}

// exists reports whether there is a store.
func (p place) exists(ctx context.Context) (bool, error) {
	if p.cluster() {
		return mongo.Exists(ctx, p.flags.clusterOptions(p))
	}
	_, err := os.Stat(filepath.Join(p.dir, sqlite.File))
	return !errors.Is(err, os.ErrNotExist), nil
}

func (f *storeFlags) clusterOptions(p place) mongo.Options {
	return mongo.Options{URI: p.uri, ReadPreference: f.MongoRead, Pool: f.MongoPool, Timeout: f.MongoTimeout, SearchLimit: f.searchLimit}
}

// engine is what every engine has beyond a fhir.Store.
type engine interface {
	fhir.Store
	fhir.Indexer
	// Await returns when there is a version after a place in the commit order.
	Await(ctx context.Context, after fhir.Seq) error
	// Check looks over the whole store.
	Check(ctx context.Context) error
	// VerifyJournal gives the first entry of the journal that is not what it was, 0 where there is none.
	VerifyJournal(ctx context.Context, fn func(checked int64)) (firstBroken int64, err error)
	// RecordKinds, Guards, RestoreGuards and Restore are what copying takes beyond a fhir.Store.
	RecordKinds(ctx context.Context) ([]string, error)
	Guards(ctx context.Context, after string, max int) (counts map[string]int64, last string, err error)
	RestoreGuards(ctx context.Context, counts map[string]int64) error
	Restore(ctx context.Context, events []fhir.Event) error
}

// store is an opened store with what it was opened with.
type store struct {
	engine
	spec   *r4.Spec
	params *search.Params
	keys   *secret.Keys
	now    func() time.Time
}

// open opens the store that the flag names.
func (f *storeFlags) open() (*store, error) {
	spec, err := r4.Decode()
	if err != nil {
		return nil, err
	}
	units, err := ucum.Decode()
	if err != nil {
		return nil, err
	}
	p, err := f.place()
	if err != nil {
		return nil, err
	}
	s := &store{spec: spec, params: search.NewParams(spec, units), now: f.now}
	if s.now == nil {
		s.now = time.Now
	}
	if s.keys, err = f.secretFlags.keys(p.dir); err != nil {
		return nil, err
	}
	if p.cluster() {
		o := f.clusterOptions(p)
		o.Params, o.JournalKey, o.Now = s.params, s.keys.Derive("journal"), s.now
		m, err := mongo.Open(context.Background(), o)
		if err != nil {
			return nil, err
		}
		s.engine = m
		return s, nil
	}
	lite, err := sqlite.Open(sqlite.Options{Dir: p.dir, Params: s.params, Now: s.now, Cache: f.Cache << 10, SearchLimit: f.searchLimit, JournalKey: s.keys.Derive("journal")})
	if err != nil {
		return nil, err
	}
	s.engine = lite
	return s, nil
}
