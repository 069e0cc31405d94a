package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/rest"
	"andiron.dev/fhir/server"
)

// Target takes transactions.
type Target interface {
	// Transaction carries a transaction out, once: ErrDone says that it has been carried out before. The results are
	// those of the entries, in their order.
	Transaction(ctx context.Context, key string, text []byte) ([]Result, error)
}

// ErrDone says that a transaction has been carried out before.
var ErrDone = errors.New("this has been imported before")

// Result is what became of an entry.
type Result uint8

// The results.
const (
	Created   Result = iota
	Updated          // or found to be there already
	Untouched        // neither: a read, or a deletion
)

// Direct is the target that writes into a store through the whole pipeline of a server, but without HTTP.
type Direct struct {
	Server *server.Server
	Limits fhir.Limits
}

// Transaction implements Target.
func (d *Direct) Transaction(ctx context.Context, key string, text []byte) ([]Result, error) {
	r, err := fhir.ParseResource(string(text), d.Limits)
	if err != nil {
		return nil, err
	}
	resp, err := d.Server.Handler().Serve(ctx, &fhir.Request{Interaction: fhir.Transaction, Resource: r, Once: key})
	if err != nil {
		if fhir.CodeOf(err) == fhir.Duplicate {
			return nil, ErrDone
		}
		return nil, err
	}
	results := make([]Result, len(resp.Bundle.Entries))
	for i := range results {
		results[i] = resultOf(resp.Bundle.Entries[i].Response)
	}
	return results, nil
}

func resultOf(resp *fhir.Response) Result {
	switch {
	case resp.Result == fhir.Created:
		return Created
	case resp.Version != nil && !resp.Version.Deleted:
		return Updated
	}
	return Untouched
}

// Remote is the target that posts to a FHIR server. Servers other than Andiron do not know the key: the journal of Run
// keeps what they have acknowledged.
type Remote struct {
	Base   string
	Token  string
	Client *http.Client
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 256 << 20

// Transaction implements Target. An answer that says "later" is obeyed a few times.
func (r *Remote) Transaction(ctx context.Context, key string, text []byte) ([]Result, error) {
	for attempt := 1; ; attempt++ {
		results, wait, err := r.post(ctx, key, text)
		if wait == 0 || attempt == 5 {
			return results, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, err
		}
	}
}

func (r *Remote) post(ctx context.Context, key string, text []byte) (results []Result, wait time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Base, bytes.NewReader(text))
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Content-Type", "application/fhir+json")
	req.Header.Set("Accept", "application/fhir+json")
	req.Header.Set("Prefer", "return=minimal")
	req.Header.Set(rest.OnceHeader, key)
	if r.Token != "" {
		req.Header.Set("Authorization", "Bearer "+r.Token)
	}
	resp, err := r.Client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, 0, fmt.Errorf("reading the answer: %w", err)
	}
	if resp.StatusCode/100 == 2 {
		results, err = readResults(body)
		return results, 0, err
	}
	o := readOutcome(resp.StatusCode, body)
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if err != nil || seconds < 1 || seconds > 60 {
			seconds = 1
		}
		return nil, time.Duration(seconds) * time.Second, o
	case http.StatusConflict:
		if o.Code() == fhir.Duplicate {
			return nil, 0, ErrDone
		}
	}
	return nil, 0, o
}

func readResults(body []byte) ([]Result, error) {
	var answer struct {
		Entry []struct {
			Response struct{ Status, Location string }
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("the server's answer is not a Bundle: %w", err)
	}
	results := make([]Result, len(answer.Entry))
	for i, e := range answer.Entry {
		switch {
		case strings.HasPrefix(e.Response.Status, "201"):
			results[i] = Created
		case e.Response.Location != "":
			results[i] = Updated
		default:
			results[i] = Untouched
		}
	}
	return results, nil
}

// readOutcome makes an error of a refusal.
func readOutcome(status int, body []byte) *fhir.Outcome {
	o := &fhir.Outcome{}
	root, err := fhir.Parse(string(body), fhir.Limits{Depth: 50, Nodes: 100_000})
	if err == nil && root.Get("resourceType").Text() == "OperationOutcome" {
		for issue := range root.Each("issue") {
			i := fhir.Issue{Severity: fhir.Severity(issue.Get("severity").Text()), Code: fhir.IssueType(issue.Get("code").Text()), Text: issue.Get("details").Get("text").Text()}
			if i.Text == "" {
				i.Text = issue.Get("diagnostics").Text()
			}
			for expression := range issue.Each("expression") {
				i.Expression = append(i.Expression, expression.Text())
			}
			o.Issues = append(o.Issues, i)
		}
	}
	if len(o.Issues) == 0 {
		o.Issues = []fhir.Issue{{Severity: fhir.Error, Code: fhir.Invalid, Text: fmt.Sprintf("the server answered %d %s", status, http.StatusText(status))}}
	}
	return o
}
