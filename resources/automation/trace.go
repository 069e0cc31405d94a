package automation

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

const (
	recordTrace = "automation-trace"
	traceLife   = 30 * 24 * time.Hour
)

// traced is what is written down of a firing: what set it off, and what came of it. It holds references and codes, nothing of what they are about.
type traced struct {
	Rule    string    `json:"rule"`
	URL     string    `json:"url"`
	Version string    `json:"version"`
	Time    time.Time `json:"time"`
	Kind    string    `json:"kind"`
	On      string    `json:"on,omitempty"`
	Causes  []string  `json:"causes,omitempty"`
	Done    []written `json:"done,omitempty"`
	Code    string    `json:"code,omitempty"` // of the error
	Error   string    `json:"error,omitempty"`
	Attempt int       `json:"attempt,omitempty"`
}

// trace writes down a firing: w is what it has written, or cause why it failed.
func (m *Module) trace(ctx context.Context, tx fhir.Tx, r *rule, o *occasion, w *writing, cause error, attempt int) error {
	now := m.config.Now()
	t := traced{Rule: r.resource.ID(), URL: r.url, Version: r.resource.VersionID(), Time: now.UTC(), Kind: o.kind, On: o.at, Causes: o.cause.Rules, Attempt: attempt}
	if w != nil {
		t.Done = w.done
	}
	if cause != nil {
		outcome := fhir.AsOutcome(cause)
		t.Code = string(outcome.Code())
		for _, i := range outcome.Issues {
			t.Error = strings.TrimPrefix(t.Error+"; "+i.Text+" "+strings.Join(i.Expression, ", "), "; ")
		}
	}
	key := fmt.Sprintf("%019d/%s", math.MaxInt64-now.UnixNano(), digest(r.resource.ID(), o.id, strconv.Itoa(attempt)))
	return keep(ctx, tx, recordTrace, key, t.Rule, now.Add(traceLife), t)
}

// traces is PlanDefinition/$trace: what rules have done, the latest first.
func (m *Module) traces(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	count := 50
	if text := req.Input.Text("count"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return nil, fhir.NewOutcome(fhir.Value, "the parameter 'count' must be between 1 and 1000")
		}
		count = n
	}
	on, failed := req.Input.Text("on"), req.Input.Text("failed") == "true"
	out := fhir.NewParameters()
	ctx = smart.System(ctx) // records are the server's own; the guard has let the caller ask
	err := m.config.Store.View(ctx, func(tx fhir.Tx) error {
		for after := ""; count > 0; {
			page, err := tx.Records(ctx, recordTrace, req.ID, after, 200)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, record := range page {
				after = record.Key
				var t traced
				if err := json.Unmarshal(record.Value, &t); err != nil {
					return err
				}
				if count == 0 || failed && t.Code == "" || on != "" && t.On != on && !strings.HasPrefix(t.On, on+"/_history/") {
					continue
				}
				count--
				out.Part("firing", t.write)
			}
		}
		return nil
	})
	return &fhir.Response{Resource: out.Resource()}, err
}

func (t *traced) write(p *fhir.ParametersWriter) {
	p.Text("rule", "canonical", t.URL).Text("version", "string", t.Version).Text("time", "instant", instant(t.Time)).Text("trigger", "code", t.Kind)
	if t.On != "" {
		p.Text("on", "string", t.On)
	}
	for _, c := range t.Causes {
		p.Text("caused-by", "string", "PlanDefinition/"+c)
	}
	if t.Attempt > 0 {
		p.Int("attempt", t.Attempt)
	}
	if t.Code != "" {
		p.Text("outcome", "code", "failed").Text("error", "code", t.Code)
		if text := strings.TrimSpace(t.Error); text != "" {
			p.Text("text", "string", text)
		}
		return
	}
	p.Text("outcome", "code", "fired")
	for _, d := range t.Done {
		p.Part("generated", func(part *fhir.ParametersWriter) {
			part.Text("action", "string", d.Action)
			if d.Resource != "" {
				part.Text("resource", "string", d.Resource)
			}
			if !d.Due.IsZero() {
				part.Text("due", "instant", instant(d.Due))
			}
		})
	}
}
