package intake

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"andiron.dev/fhir"
)

// report writes what failed to a file, one JSON object a line. The file is created with the first failure.
type report struct {
	path string
	mu   sync.Mutex
	file *os.File
	err  error
}

// failure is a line of the report.
type failure struct {
	File   string  `json:"file"`
	Place  string  `json:"place,omitempty"` // "Bundle.entry[3]" or "line 17"
	Type   string  `json:"type"`
	Issues []issue `json:"issues,omitempty"` // on the entry that is to blame; the others failed with it
}

type issue struct {
	Code       string   `json:"code"`
	Text       string   `json:"text"`
	Expression []string `json:"expression,omitempty"`
}

// add reports the entries of a transaction that was refused. Issues go to the entries that they name, those that name none to
// the first.
func (r *report) add(file string, places, types []string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil && r.err == nil {
		if r.file, r.err = os.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); r.err != nil {
			r.err = fmt.Errorf("the report cannot be written: %w", r.err)
		}
	}
	if r.err != nil {
		return
	}
	of := make([][]issue, len(places))
	for _, i := range issuesOf(err) {
		at := 0
		for k, place := range places {
			if len(i.Expression) > 0 && (i.Expression[0] == place || strings.HasPrefix(i.Expression[0], place+".")) {
				at = k
			}
		}
		of[at] = append(of[at], i)
	}
	encoder := json.NewEncoder(r.file)
	for k, place := range places {
		if err := encoder.Encode(failure{File: file, Place: place, Type: types[k], Issues: of[k]}); err != nil {
			r.err = fmt.Errorf("the report cannot be written: %w", err)
		}
	}
}

func issuesOf(err error) (issues []issue) {
	var o *fhir.Outcome
	if !errors.As(err, &o) {
		return []issue{{Code: string(fhir.Exception), Text: err.Error()}}
	}
	for _, i := range o.Issues {
		issues = append(issues, issue{Code: string(i.Code), Text: i.Text, Expression: i.Expression})
	}
	if cause := o.Unwrap(); cause != nil { // whoever runs the program may know
		issues = append(issues, issue{Code: string(fhir.Exception), Text: cause.Error()})
	}
	return issues
}

func (r *report) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return r.err
	}
	return errors.Join(r.err, r.file.Close())
}
