package fhir

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Issue is one entry of an OperationOutcome (http://hl7.org/fhir/R4/operationoutcome.html).
type Issue struct {
	Severity    Severity
	Code        IssueType
	Detail      string   // a code of Andiron's outcome-detail code system; "" = Code, where it is an error
	Text        string   // a sentence that helps; never holds patient data
	Diagnostics string   // machine-readable extra; may be empty
	Expression  []string // FHIRPath locations in the request
}

// Refinement tells apart what shares an issue type but not an HTTP status.
type Refinement uint8

// The refinements.
const (
	Unrefined            Refinement = iota
	FailedPrecondition              // a condition of the request (If-Match, a conditional reference) does not hold
	MethodNotAllowed                // NotSupported: the method, on a path that supports others
	UnsupportedMediaType            // NotSupported: the media type of the body
	NotAcceptable                   // NotSupported: the media type asked for
	LongURL                         // TooLong: the URL, not the body
	NoSuchOperation                 // NotSupported: the operation, at this level and for this type
	InProgress                      // LockError: the same request is being carried out
	KeyReused                       // Duplicate: the Idempotency-Key of another request
	Unavailable                     // NotFound: what was asked for was there and somebody else has it by now (IHE ITI-116)
)

// Outcome is the error type of Andiron: every error that may reach a client is one.
// Anything else is shown as Exception with fixed text, because its message may hold what the client must not see.
type Outcome struct {
	Issues     []Issue
	Refinement Refinement
	Allow      []string      // of MethodNotAllowed: the methods that are supported there
	RetryAfter time.Duration // for Transient, LockError and Throttled: when to come back; 0 = not said
	Challenge  string        // of Login, Expired and Forbidden: what WWW-Authenticate says beyond the realm (RFC 6750, RFC 9470)
	Replayed   bool          // this is what the same request was answered before
	cause      error         // for the log only
}

// NewOutcome makes an error of one issue. Expressions are FHIRPath locations in the request.
func NewOutcome(code IssueType, text string, expression ...string) *Outcome {
	return &Outcome{Issues: []Issue{{Severity: Error, Code: code, Text: text, Expression: expression}}}
}

// Errorf is NewOutcome with a format. Arguments must not be patient data: ids, types and parameter names are fine.
func Errorf(code IssueType, format string, args ...any) *Outcome {
	return NewOutcome(code, fmt.Sprintf(format, args...))
}

// PreconditionFailed makes the error for a condition of the request that does not hold (HTTP 412).
func PreconditionFailed(code IssueType, text string) *Outcome {
	o := NewOutcome(code, text)
	o.Refinement = FailedPrecondition
	return o
}

// Internal hides err from the client and keeps it for the log.
func Internal(err error) *Outcome {
	o := NewOutcome(Exception, "an internal error occurred; the request was not carried out")
	o.cause = err
	return o
}

// WithCause attaches what the log should know and the client must not.
func (o *Outcome) WithCause(err error) *Outcome {
	c := *o
	c.cause = err
	return &c
}

// Error lists the issues in one line.
func (o *Outcome) Error() string {
	var b strings.Builder
	for i, issue := range o.Issues {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(string(issue.Code) + ": " + issue.Text)
		if len(issue.Expression) > 0 {
			b.WriteString(" (" + strings.Join(issue.Expression, ", ") + ")")
		}
	}
	if o.cause != nil {
		b.WriteString(": " + o.cause.Error())
	}
	return b.String()
}

// Unwrap returns the hidden cause, if any.
func (o *Outcome) Unwrap() error { return o.cause }

// Code is the issue type of the first, decisive issue.
func (o *Outcome) Code() IssueType {
	if len(o.Issues) == 0 {
		return Exception
	}
	return o.Issues[0].Code
}

// AsOutcome returns err as an Outcome; what is none becomes Internal. It returns nil for nil.
func AsOutcome(err error) *Outcome {
	if err == nil {
		return nil
	}
	var o *Outcome
	if errors.As(err, &o) {
		return o
	}
	return Internal(err)
}

// CodeOf is the issue type of err; "" for nil.
func CodeOf(err error) IssueType {
	if err == nil {
		return ""
	}
	return AsOutcome(err).Code()
}

// Within returns a copy of o whose expressions stand below prefix: "Patient.birthDate" below
// "Bundle.entry[3].resource" becomes "Bundle.entry[3].resource.birthDate".
func (o *Outcome) Within(prefix string) *Outcome {
	c := *o
	c.Issues = make([]Issue, len(o.Issues))
	for i, issue := range o.Issues {
		if len(issue.Expression) == 0 {
			issue.Expression = []string{prefix}
		} else {
			below := make([]string, len(issue.Expression))
			for j, e := range issue.Expression {
				_, rest, _ := strings.Cut(e, ".")
				if rest != "" {
					rest = "." + rest
				}
				below[j] = prefix + rest
			}
			issue.Expression = below
		}
		c.Issues[i] = issue
	}
	return &c
}

// CanonicalBase is where the canonical URLs of Andiron's own definitions begin.
const CanonicalBase = "https://andiron.dev/fhir"

// DetailSystem is the code system of Issue.Detail.
const DetailSystem = CanonicalBase + "/CodeSystem/outcome-detail"

// Resource renders o as an OperationOutcome.
func (o *Outcome) Resource() *Resource {
	w := NewWriter(256)
	w.Object()
	w.Name("resourceType").String("OperationOutcome")
	w.Name("issue").Array()
	issues := o.Issues
	if len(issues) == 0 {
		issues = []Issue{{Severity: Information, Code: Informational, Text: "all went well"}}
	}
	for _, issue := range issues {
		w.Object()
		w.Name("severity").String(string(issue.Severity))
		w.Name("code").String(string(issue.Code))
		w.Name("details").Object()
		detail := issue.Detail
		if detail == "" && (issue.Severity == Error || issue.Severity == Fatal) {
			detail = string(issue.Code)
		}
		if detail != "" {
			w.Name("coding").Array().Object()
			w.Name("system").String(DetailSystem)
			w.Name("code").String(detail)
			w.EndObject().EndArray()
		}
		w.Name("text").String(issue.Text).EndObject()
		if issue.Diagnostics != "" {
			w.Name("diagnostics").String(issue.Diagnostics)
		}
		if len(issue.Expression) > 0 {
			w.Name("expression").Array()
			for _, e := range issue.Expression {
				w.String(e)
			}
			w.EndArray()
		}
		w.EndObject()
	}
	w.EndArray().EndObject()
	return newResource("OperationOutcome", "", w.Take())
}
