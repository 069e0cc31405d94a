package patient

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"andiron.dev/fhir"
)

// answer is what $merge answers: what was asked, how many resources of each type are or were rewritten, what does not go together, the
// target, and the Task where the work is still to be done.
func (j *joining) answer(result, task *fhir.Resource) *fhir.Resource {
	w := fhir.NewParameters().WithResource("input", j.input())
	w.WithResource("outcome", (&fhir.Outcome{Issues: append(j.counts(), j.clashes...)}).Resource())
	if result != nil {
		w.WithResource("result", result)
	}
	if task != nil {
		w.WithResource("task", task)
	}
	return w.Resource()
}

// input is what the operation was called with, as Parameters.
func (j *joining) input() *fhir.Resource {
	if r := j.req.Resource; r != nil && r.Type() == "Parameters" {
		return r
	}
	w := fhir.NewParameters()
	if given := j.req.Input.Get("result-patient").Value; given.Exists() {
		if r, err := fhir.NewResource(given); err == nil {
			w.WithResource("result-patient", r)
		}
	}
	return w.Resource()
}

// counts are issues that say how many resources of each type refer to the source.
func (j *joining) counts() (issues []fhir.Issue) {
	n := make(map[string]int)
	var types []string
	for _, r := range j.referrers {
		if n[r.Type()]++; n[r.Type()] == 1 {
			types = append(types, r.Type())
		}
	}
	slices.Sort(types)
	for _, typ := range types {
		issues = append(issues, fhir.Issue{
			Severity: fhir.Information, Code: fhir.Informational, Detail: "merge-count", Text: strconv.Itoa(n[typ]) + " " + typ,
			Diagnostics: textOf(object{"type": typ, "count": n[typ]}),
		})
	}
	if issues == nil {
		issues = append(issues, fhir.Issue{Severity: fhir.Information, Code: fhir.Informational, Detail: "merge-count", Text: "nothing refers to the source"})
	}
	return issues
}

// later has the merge carried out beside other requests, as if the caller had preferred that: HTTP 202.
func (j *joining) later(ctx context.Context) (*fhir.Response, error) {
	called := *j.req
	called.Prefer.Async, called.Input, called.Tx = true, nil, nil
	resp, err := j.m.config.Serve.Serve(ctx, &called)
	if err != nil || resp.Result != fhir.Accepted {
		return resp, err
	}
	task, err := made(object{
		"resourceType": "Task", "status": "in-progress", "intent": "order", "code": concept(operations, mergeOperation, "Merge two Patients"),
		"description": fmt.Sprintf("%d resources are rewritten; Content-Location says where the result will be.", len(j.referrers)),
		"focus":       reference(j.before[0].Reference()), "for": reference(j.before[1].Reference()),
		"input": []any{object{"type": object{"text": "status"}, "valueUrl": j.base + "/" + resp.Location}},
	})
	if err != nil {
		return nil, err
	}
	out := *resp
	out.Resource = j.answer(nil, task)
	return &out, nil
}
