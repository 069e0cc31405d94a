package interaction

import (
	"context"
	"strconv"

	"andiron.dev/fhir"
)

// reindex is $reindex: it asks for index values to be built anew and names the job that does it.
func (x *Interactions) reindex(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	what := fhir.Reindex{Types: req.Input.Texts("type"), Parameter: req.Input.Text("parameter")}
	if req.Type != "" {
		if len(what.Types) > 0 {
			return nil, fhir.NewOutcome(fhir.Invalid, "the resource type stands in the URL already; leave the parameter 'type' out")
		}
		what.Types = []string{req.Type}
	}
	for _, typ := range what.Types {
		if !x.Spec.IsResource(typ) {
			return nil, fhir.NewOutcome(fhir.CodeInvalid, "a value of the parameter 'type' is not a resource type of R4")
		}
	}
	if req.DryRun { // the index is not changed by updates, so there is nothing to take back
		return &fhir.Response{Result: fhir.Accepted, Resource: fhir.NewParameters().Text("kind", "code", "parameter").Resource()}, nil
	}
	job, err := x.Store.(fhir.Indexer).Reindex(ctx, what)
	if err != nil {
		return nil, err
	}
	out := fhir.NewParameters()
	writeJob(out, job)
	return &fhir.Response{Result: fhir.Accepted, Resource: out.Resource()}, nil
}

// reindexStatus is $reindex-status: it lists the jobs, or one of them.
func (x *Interactions) reindexStatus(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	jobs, err := x.Store.(fhir.Indexer).IndexJobs(ctx)
	if err != nil {
		return nil, err
	}
	id, found := req.Input.Text("job"), false
	out := fhir.NewParameters()
	for i := range jobs {
		if id == "" || id == jobs[i].ID {
			found = true
			out.Part("job", func(part *fhir.ParametersWriter) { writeJob(part, &jobs[i]) })
		}
	}
	if id != "" && !found {
		return nil, fhir.NewOutcome(fhir.NotFound, "there is no such job, or it is not remembered any more")
	}
	return &fhir.Response{Resource: out.Resource()}, nil
}

func writeJob(out *fhir.ParametersWriter, job *fhir.IndexJob) {
	done, total := job.Progress()
	out.Text("id", "string", job.ID).Text("kind", "code", string(job.Kind)).Text("state", "code", string(job.State))
	for _, url := range job.Parameters {
		out.Text("parameter", "uri", url)
	}
	out.Decimal("done", strconv.FormatInt(done, 10)).Decimal("total", strconv.FormatInt(total, 10)).Int("percent", job.Percent())
	out.Text("created", "instant", job.Created.Format(fhir.LastUpdatedFormat))
	if !job.Ended.IsZero() {
		out.Text("ended", "instant", job.Ended.Format(fhir.LastUpdatedFormat))
	}
	for _, t := range job.Types {
		out.Part("progress", func(part *fhir.ParametersWriter) {
			part.Text("type", "code", t.Type).Decimal("done", strconv.FormatInt(t.Done, 10)).Decimal("total", strconv.FormatInt(t.Total, 10))
		})
	}
}
