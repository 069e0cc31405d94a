package searchtest

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// Base is the server's base URL in scripts. Params must be made with it.
const Base = "http://example.org/fhir"

// Scripts reads the project's scripts, search/testdata/*.search.
func Scripts(t testing.TB) []*Script {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		t.Fatal("no go.mod above the working directory: where is the project?")
	}
	files, err := filepath.Glob(filepath.Join(dir, "search", "testdata", "*.search"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s/search/testdata: %v", dir, err)
	}
	scripts := make([]*Script, len(files))
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if scripts[i], err = Parse(filepath.Base(file), string(text)); err != nil {
			t.Fatal(err)
		}
	}
	return scripts
}

// Run runs every script as a subtest, each on a Subject of its own.
func Run(t *testing.T, params *search.Params, scripts []*Script, open func(t testing.TB, now func() time.Time) Subject) {
	for _, s := range scripts {
		t.Run(strings.TrimSuffix(s.Name, ".search"), func(t *testing.T) {
			now := time.Date(2024, 5, 31, 12, 0, 0, 0, time.UTC)
			clock := func() time.Time { return now }
			r := &runner{t: t, script: s, params: params, subject: open(t, clock), clock: clock}
			for i := range s.steps {
				if at := s.steps[i].clock; !at.IsZero() {
					now = at
				}
				r.step(&s.steps[i])
			}
		})
	}
}

// runner is one run of a script.
type runner struct {
	t       *testing.T
	script  *Script
	params  *search.Params
	subject Subject
	clock   func() time.Time
}

func (r *runner) errorf(s *step, format string, args ...any) {
	r.t.Helper()
	r.t.Errorf("%s:%d: %s\n\t"+format, append([]any{r.script.Name, s.line, s.text}, args...)...)
}

func (r *runner) step(s *step) {
	r.t.Helper()
	ctx := r.t.Context()
	var err error
	switch {
	case s.put != nil:
		err = r.subject.Put(ctx, s.put)
	case s.remove != "":
		typ, id, _ := strings.Cut(s.remove, "/")
		err = r.subject.Delete(ctx, typ, id)
	case s.search != "":
		r.search(ctx, s)
	}
	if err != nil {
		r.errorf(s, "%v", err)
	}
}

func (r *runner) search(ctx context.Context, s *step) {
	r.t.Helper()
	q, warnings, err := r.parse(s.search, s.strict)
	var pages [][]string
	total := -1
	if err == nil {
		pages, total, err = r.pages(ctx, q)
	}
	if code := fhir.CodeOf(err); code != s.want.err {
		r.errorf(s, "got the error %v, want %q", err, s.want.err)
		return
	}
	if err != nil {
		return
	}
	warning := fhir.IssueType("")
	if len(warnings) > 0 {
		warning = warnings[0].Code
	}
	if warning != s.want.warning {
		r.errorf(s, "got the warnings %v, want %q", warnings, s.want.warning)
	}
	r.compare(s, q, pages, total)
}

// parse reads a search: "Patient?name=ann", "?_type=Patient", "Patient/1/Observation", "Patient/1/*".
func (r *runner) parse(url string, strict bool) (*search.Query, []fhir.Issue, error) {
	return ParseURL(r.params, url, search.Options{Strict: strict, Base: Base, Now: r.clock})
}

// ParseURL reads a search as it stands in a URL, which is also how a query tells of itself.
func ParseURL(p *search.Params, url string, o search.Options) (*search.Query, []fhir.Issue, error) {
	typ, text, _ := strings.Cut(url, "?")
	params, err := fhir.ParseParams(text)
	if err != nil {
		return nil, nil, err
	}
	if path := strings.Split(typ, "/"); len(path) == 3 {
		o.Within, typ = &search.Compartment{Type: path[0], ID: path[1]}, strings.TrimPrefix(path[2], "*")
	}
	return p.Parse(typ, params, o)
}

// compare compares what was found with what the script says: in order where there is one, else page by page in size and in all
// as a set.
func (r *runner) compare(s *step, q *search.Query, pages [][]string, total int) {
	r.t.Helper()
	want := s.want.pages
	if s.want.total >= 0 && total != s.want.total {
		r.errorf(s, "got the total %d, want %d", total, s.want.total)
	}
	if len(q.Sort) == 0 || r.subject.Unordered() {
		if !r.subject.Unordered() && !slices.EqualFunc(pages, want, func(a, b []string) bool { return len(a) == len(b) }) {
			r.errorf(s, "got pages %v, want %v", pages, want)
		}
		pages, want = [][]string{sorted(pages)}, [][]string{sorted(want)}
	}
	if !slices.EqualFunc(pages, want, slices.Equal[[]string]) {
		r.errorf(s, "got %v, want %v", pages, want)
	}
	// What a query says of itself is the query.
	again, _, err := r.parse(q.String(), true)
	if err != nil || again.String() != q.String() {
		r.errorf(s, "the query says of itself %s, and that is read as %v (%v)", q, again, err)
	}
}

func sorted(pages [][]string) []string {
	all := slices.Concat(pages...)
	slices.Sort(all)
	return all
}

// maxPages ends a search whose pages have no end.
const maxPages = 100

func (r *runner) pages(ctx context.Context, q *search.Query) (pages [][]string, total int, err error) {
	next := *q
	for range maxPages {
		page, err := r.subject.Search(ctx, &next)
		if err != nil {
			return nil, 0, err
		}
		ids := []string{}
		for _, found := range page.Resources {
			ids = append(ids, found.ID())
		}
		pages, total = append(pages, ids), page.Total
		if page.Next == "" {
			break
		}
		next.After = page.Next
	}
	return pages, total, nil
}
