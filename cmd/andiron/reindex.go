package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"andiron.dev/fhir"
)

type reindexCommand struct {
	storeFlags
	Server    string   `help:"Ask the FHIR server with this base URL instead of working on --store." placeholder:"URL"`
	Token     string   `help:"Access token for --server." placeholder:"TOKEN"`
	Type      []string `help:"Resource type; may be repeated. All where there is none." placeholder:"TYPE"`
	Parameter string   `help:"The url of a search parameter, to build only its index." placeholder:"URL"`
	Pending   bool     `help:"Only do what is due: the index of search parameters that are new, and of a store that another version of the program has written."`
}

// Run builds search index values anew and says how far it is. A server may be running on the same store: searches are answered
// from the old index until the new one is complete.
func (c *reindexCommand) Run(ctx context.Context, t *terminal) error {
	if c.Pending && (len(c.Type) > 0 || c.Parameter != "") {
		return &usageError{[]string{"--pending does all that is due, so it goes neither with --type nor with --parameter"}}
	}
	what := fhir.Reindex{Types: c.Type, Parameter: c.Parameter}
	if c.Server != "" {
		r := &remoteIndex{base: strings.TrimSuffix(c.Server, "/"), token: c.Token, client: &http.Client{Timeout: time.Minute}}
		return c.remote(ctx, t.out, r, what)
	}
	return c.local(ctx, t.out, what)
}

// local works on the store itself.
func (c *reindexCommand) local(ctx context.Context, out io.Writer, what fhir.Reindex) (err error) {
	st, err := c.open()
	if err != nil {
		return fmt.Errorf("the store cannot be opened: %w", err)
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	for _, typ := range what.Types {
		if !st.spec.IsResource(typ) {
			return &usageError{[]string{fmt.Sprintf("--type %q is not a resource type of R4", typ)}}
		}
	}
	if !c.Pending {
		if _, err := st.Reindex(ctx, what); err != nil {
			return err
		}
	}
	done := make(chan error, 1)
	go func() { done <- st.Index(ctx) }()
	p := &indexProgress{out: out}
	for {
		select {
		case err := <-done:
			if err == nil {
				err = p.show(ctx, st.IndexJobs)
			}
			return err
		case <-time.After(indexInterval):
			if err := p.show(ctx, st.IndexJobs); err != nil {
				return errors.Join(err, <-done)
			}
		}
	}
}

// remote has a server do it.
func (c *reindexCommand) remote(ctx context.Context, out io.Writer, r *remoteIndex, what fhir.Reindex) error {
	if !c.Pending {
		if err := r.reindex(ctx, what); err != nil {
			return err
		}
	}
	p := &indexProgress{out: out}
	for {
		if err := p.show(ctx, r.jobs); err != nil || !p.open {
			return err
		}
		select {
		case <-time.After(indexInterval):
		case <-ctx.Done():
			return fmt.Errorf("interrupted; the server goes on: %w", ctx.Err())
		}
	}
}

// indexInterval is how often to look how far it is.
const indexInterval = time.Second

// indexProgress prints what has changed.
type indexProgress struct {
	out  io.Writer
	said map[string]string // by job
	open bool              // there is something to do
}

func (p *indexProgress) show(ctx context.Context, list func(context.Context) ([]fhir.IndexJob, error)) error {
	jobs, err := list(ctx)
	if err != nil {
		return err
	}
	first := p.said == nil
	if first {
		p.said = make(map[string]string)
	}
	p.open = false
	for i := len(jobs) - 1; i >= 0; i-- {
		j := &jobs[i]
		p.open = p.open || j.Open()
		done, total := j.Progress()
		text := fmt.Sprintf("job %s (%s): %s, %d of %d resources, %d %%", j.ID, j.Kind, j.State, done, total, j.Percent())
		old := first && !j.Open() && i > 0 // of former days; the newest may have been complete at once
		if !old && p.said[j.ID] != text {
			fmt.Fprintln(p.out, text)
		}
		p.said[j.ID] = text
	}
	if first && len(jobs) == 0 {
		fmt.Fprintln(p.out, "there is nothing to do")
	}
	return nil
}

// remoteIndex calls the operations of a server.
type remoteIndex struct {
	base, token string
	client      *http.Client
}

func (r *remoteIndex) reindex(ctx context.Context, what fhir.Reindex) error {
	in := fhir.NewParameters()
	for _, typ := range what.Types {
		in.Text("type", "code", typ)
	}
	if what.Parameter != "" {
		in.Text("parameter", "uri", what.Parameter)
	}
	_, err := r.call(ctx, http.MethodPost, "/$reindex", in.Resource().JSON())
	return err
}

func (r *remoteIndex) jobs(ctx context.Context) (jobs []fhir.IndexJob, err error) {
	root, err := r.call(ctx, http.MethodGet, "/$reindex-status", nil)
	if err != nil {
		return nil, err
	}
	for p := range fhir.ParametersOf(root).Each("job") {
		j := fhir.IndexJob{ID: p.Parts.Text("id"), Kind: fhir.IndexJobKind(p.Parts.Text("kind")), State: fhir.IndexJobState(p.Parts.Text("state"))}
		for t := range p.Parts.Each("progress") {
			one := fhir.IndexProgress{Type: t.Parts.Text("type")}
			_, _ = fmt.Sscan(t.Parts.Text("done"), &one.Done)
			_, _ = fmt.Sscan(t.Parts.Text("total"), &one.Total)
			j.Types = append(j.Types, one)
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// maxIndexAnswer bounds what is read of an answer.
const maxIndexAnswer = 16 << 20

func (r *remoteIndex) call(ctx context.Context, method, path string, body []byte) (fhir.Element, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, bytes.NewReader(body))
	if err != nil {
		return fhir.Element{}, err
	}
	req.Header.Set("Content-Type", "application/fhir+json")
	req.Header.Set("Accept", "application/fhir+json")
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	resp, err := r.client.Do(req)
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err // without the URL: the base is known
	}
	if err != nil {
		return fhir.Element{}, fmt.Errorf("the server does not answer: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxIndexAnswer))
	if err != nil {
		return fhir.Element{}, fmt.Errorf("reading the answer: %w", err)
	}
	root, err := fhir.Parse(string(text), fhir.BundleLimits())
	if resp.StatusCode/100 != 2 {
		said := ""
		for issue := range root.Each("issue") {
			said += ": " + issue.Get("details").Get("text").Text()
		}
		return fhir.Element{}, fmt.Errorf("the server answered %d %s%s", resp.StatusCode, http.StatusText(resp.StatusCode), said)
	}
	return root, err
}

// awaitIndex does first what keeps searches from being answered: an import may ask for what is there already.
func awaitIndex(ctx context.Context, st *store, out io.Writer) error {
	jobs, err := st.IndexJobs(ctx)
	if err != nil {
		return err
	}
	for i := range jobs {
		if jobs[i].Kind == fhir.IndexRebuild && jobs[i].Open() {
			fmt.Fprintln(out, "the search index was written by another version of the program; it is built anew first")
			return st.Index(ctx)
		}
	}
	return nil
}
