package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"andiron.dev/fhir"
)

// Config says what to import and how.
type Config struct {
	Paths   []string
	Workers int       // transactions under way at the same time
	Again   bool      // import what has been imported before once more, under new ids
	Salt    string    // of Again: tells this run from others
	Journal *Journal  // what a remote server has acknowledged; nil for a store
	Report  string    // file for what failed; created only if something did
	Out     io.Writer // progress and the table
	Bar     bool      // Out is a terminal
}

// Failed says that something was not imported.
type Failed struct {
	Count  int
	Report string
}

func (e *Failed) Error() string {
	return fmt.Sprintf("%d resources were not imported; %s says which and why", e.Count, e.Report)
}

// Run imports. It returns *Failed when something could not be imported, and the context's error when it was interrupted: what
// had been taken by then is stored, and another run goes on from there.
func Run(ctx context.Context, config Config, target Target) (*Tally, error) {
	files, err := find(config.Paths)
	if err != nil {
		return nil, err
	}
	r := &run{config: config, target: target, tally: newTally(), report: &report{path: config.Report}}
	if config.Again {
		r.salt = config.Salt
	}
	progress := newProgress(config.Out, config.Bar, files, r.tally)
	r.progress = progress
	work := make(chan parcel)
	go parcels(ctx, files, work, func(f file, err error) { r.failFile(f, err) })
	var wg sync.WaitGroup
	for range max(1, config.Workers) {
		wg.Go(func() {
			for p := range work {
				r.parcel(ctx, &p)
				progress.add(p.bytes)
			}
		})
	}
	wg.Wait()
	progress.end()
	r.tally.Write(config.Out)
	if err := errors.Join(r.report.close(), config.Journal.close()); err != nil {
		return r.tally, err
	}
	if ctx.Err() != nil {
		return r.tally, fmt.Errorf("interrupted; what the table counts is stored, run the command again to go on: %w", ctx.Err())
	}
	if n := r.tally.failed(); n > 0 {
		return r.tally, &Failed{Count: n, Report: config.Report}
	}
	return r.tally, nil
}

type run struct {
	config   Config
	target   Target
	salt     string
	tally    *Tally
	report   *report
	progress *progress
}

// parcel imports one parcel.
func (r *run) parcel(ctx context.Context, p *parcel) {
	if ctx.Err() != nil || p.lines == nil && p.file.ndjson {
		return
	}
	b, err := p.bundle(r.salt)
	if err == nil {
		err = r.bundle(ctx, p.file, b)
	} else if !errors.As(err, new(*fhir.Outcome)) {
		r.failFile(p.file, err)
		return
	}
	switch {
	case err == nil || ctx.Err() != nil:
	case len(p.lines) > 1:
		r.oneByOne(ctx, p)
	case b == nil && len(p.lines) == 1:
		r.fail(p.file, []string{fmt.Sprintf("line %d", p.lines[0].number)}, []string{unreadable}, err)
	case b == nil:
		r.failFile(p.file, err)
	default:
		r.fail(p.file, b.places, b.types, err)
	}
}

// oneByOne sends the lines of a parcel that was refused each on its own, so that one bad line costs one resource.
func (r *run) oneByOne(ctx context.Context, p *parcel) {
	for _, l := range p.lines {
		r.parcel(ctx, &parcel{file: p.file, lines: []line{l}})
	}
}

// bundle sends a transaction and counts what became of it.
func (r *run) bundle(ctx context.Context, f file, b *bundle) error {
	if r.config.Journal.has(b.key) {
		r.tally.skip(b.types)
		return nil
	}
	results, err := r.target.Transaction(ctx, b.key, b.text)
	switch {
	case errors.Is(err, ErrDone):
		r.tally.skip(b.types)
	case err != nil:
		return err
	case len(results) != len(b.types):
		return fmt.Errorf("the server answered %d of %d entries", len(results), len(b.types))
	default:
		r.tally.add(b.types, results)
	}
	return r.config.Journal.add(b.key)
}

// unreadable stands for the type of what could not be read.
const unreadable = "(unreadable)"

func (r *run) failFile(f file, err error) {
	r.fail(f, []string{""}, []string{unreadable}, err)
}

func (r *run) fail(f file, places, types []string, err error) {
	r.tally.fail(types)
	r.report.add(f.path, places, types, err)
}

// Journal is a file of the keys that a remote server has acknowledged. A nil Journal knows nothing.
type Journal struct {
	mu   sync.Mutex
	file *os.File
	keys map[string]bool
}

// OpenJournal opens or creates a journal.
func OpenJournal(path string) (*Journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the journal cannot be opened: %w", err)
	}
	j := &Journal{file: f, keys: make(map[string]bool)}
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the journal cannot be read: %w", err), f.Close())
	}
	const length = 32 // hexadecimal digits of a key; a line that was cut off is shorter and counts for nothing
	for len(text) > length {
		if text[length] != '\n' {
			return nil, errors.Join(fmt.Errorf("%s is not a journal of andiron import", path), f.Close())
		}
		j.keys[string(text[:length])] = true
		text = text[length+1:]
	}
	return j, nil
}

func (j *Journal) has(key string) bool {
	if j == nil {
		return false
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.keys[key]
}

func (j *Journal) add(key string) error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.keys[key] {
		return nil
	}
	j.keys[key] = true
	if _, err := j.file.WriteString(key + "\n"); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

func (j *Journal) close() error {
	if j == nil {
		return nil
	}
	return j.file.Close()
}
