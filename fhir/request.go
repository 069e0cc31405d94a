package fhir

import (
	"net/url"
	"strings"
	"time"
)

// Interaction is a code of http://hl7.org/fhir/restful-interaction, plus "operation".
type Interaction string

// The interactions in the order of http://hl7.org/fhir/R4/http.html.
const (
	Read            Interaction = "read"
	VRead           Interaction = "vread"
	Update          Interaction = "update"
	Patch           Interaction = "patch"
	Delete          Interaction = "delete"
	HistoryInstance Interaction = "history-instance"
	HistoryType     Interaction = "history-type"
	HistorySystem   Interaction = "history-system"
	Create          Interaction = "create"
	SearchType      Interaction = "search-type"
	SearchSystem    Interaction = "search-system"
	Capabilities    Interaction = "capabilities"
	Batch           Interaction = "batch"
	Transaction     Interaction = "transaction"
	Operation       Interaction = "operation"
)

// Param is one name=value pair of a query. A name may carry a modifier or a chain: "subject:Patient.name".
type Param struct{ Name, Value string }

// Params is a query in the order in which it was written.
type Params []Param

// Get returns the first value of the name, or "".
func (p Params) Get(name string) string {
	for _, param := range p {
		if param.Name == name {
			return param.Value
		}
	}
	return ""
}

// Encode is the query as it stands in a URL.
func (p Params) Encode() string {
	var b strings.Builder
	for i, param := range p {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(param.Name) + "=" + url.QueryEscape(param.Value))
	}
	return b.String()
}

// MaxParams bounds the parameters of a query: each of them may cost a search of its own.
const MaxParams = 100

// ParseParams reads a URL query. Unlike url.Values it keeps the order; unlike url.Query it does not silently drop
// what it cannot read. Errors: Invalid; TooCostly for more than 100 parameters.
func ParseParams(query string) (Params, error) {
	var params Params
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		if len(params) == MaxParams {
			return nil, Errorf(TooCostly, "the query has more than %d parameters", MaxParams)
		}
		name, value, _ := strings.Cut(pair, "=")
		n, err := url.QueryUnescape(name)
		if err != nil {
			return nil, NewOutcome(Invalid, "a parameter name in the query is not properly percent-encoded")
		}
		v, err := url.QueryUnescape(value)
		if err != nil {
			return nil, Errorf(Invalid, "the value of the parameter '%s' is not properly percent-encoded", n)
		}
		params = append(params, Param{n, v})
	}
	return params, nil
}

// Return is the return preference of http://hl7.org/fhir/R4/http.html#ops.
type Return string

// The return preferences.
const (
	ReturnUnsaid         Return = ""
	ReturnMinimal        Return = "minimal"
	ReturnRepresentation Return = "representation"
	ReturnOutcome        Return = "OperationOutcome"
)

// Prefer is the Prefer header.
type Prefer struct {
	Return Return
	Strict bool // handling=strict: what is not understood is an error rather than ignored
	// Lenient is handling=lenient: what an operation does not know is ignored, and a warning says so.
	Lenient bool
	// Async is respond-async: the answer is fetched later on.
	Async bool
	// Explain is ours: a search says in an outcome how it was done.
	Explain bool
}

// PatchBody is the body of a patch: a media type and its text.
type PatchBody struct {
	MediaType string
	Text      string
}

// Request is one interaction asked of the server, whether it came over HTTP, as an entry of a Bundle or from code.
type Request struct {
	Interaction Interaction
	Type        string // resource type; "" at system level
	ID          string
	VersionID   string // of vread
	Compartment string // of a search within the compartment of a resource: "Patient/1"; Type is what is searched, "" = all
	Operation   string // code of an operation, without '$'
	Safe        bool   // of an operation: it was called by GET, and must not change anything

	// Params is the query of the URL and the form of a POST _search, control parameters included.
	Params Params
	// Condition makes create, update, patch and delete conditional: a search string without the type. For create
	// it comes from If-None-Exist, otherwise from the URL.
	Condition *string

	IfMatch         string // version id; "*" = any
	IfNoneMatch     []string
	IfModifiedSince time.Time
	Prefer          Prefer

	Resource *Resource  // of create, update, batch, transaction, operation
	Patch    *PatchBody // of patch
	Input    Parameters // of operation: what stands in the URL and in Resource, as the OperationDefinition has it

	// DryRun says of an operation that nothing of what it does to the store will stay: it does as if, and does nothing beside the store.
	DryRun bool

	// Job is the job that the request is carried out by; "" = whoever asks waits for the answer.
	Job string

	// Provenance is what the X-Provenance header holds: it is stored with what the request writes, as the source of that.
	Provenance *Resource

	// Once names a transaction that must not happen twice: when one with the same name has been committed before, it fails
	// with Duplicate and changes nothing.
	Once string

	// IdempotencyKey names a request that is carried out once, however often it comes: the header Idempotency-Key.
	IdempotencyKey string

	Base string // the server's FHIR base URL as the client sees it, without trailing slash

	// Caller says who asks, as whoever authorizes requests names callers; "" while nobody does. What is handed out for one caller
	// alone, such as a link to the next page, is bound to it.
	Caller string

	// Tx is set while the request is part of a transaction: everything it reads and writes goes through it.
	Tx Tx
	// Faults are what intake found wrong with the text of Resource, though it could be read: the write gate reports them
	// together with what it finds itself, so that the sender sees every mistake at once.
	Faults *Outcome
	// Checked says that Resource has been through the write gate already.
	Checked bool
	// Resolved says that Condition has been evaluated already, and Matches what it found: a transaction resolves all
	// conditions before it writes anything.
	Resolved bool
	Matches  []*Resource
}

// Changes reports whether the request may change something.
func (r *Request) Changes() bool {
	switch r.Interaction {
	case Create, Update, Patch, Delete, Batch, Transaction:
		return true
	case Operation:
		return !r.Safe
	}
	return false
}

// Response is what an interaction gives back. How it looks on the wire is for fhir/rest to say.
type Response struct {
	Result   Result
	Resource *Resource // the body; use Body to get it with the version that a write gave it
	Bundle   *Bundle   // the body instead of Resource
	Version  *Version  // what a write produced, or found to be there already
	Notes    *Outcome  // what is worth telling on success; the body when the client prefers an OperationOutcome
	Location string    // below the base: where the result of what is only accepted will be; Content-Location
	Progress string    // of what is only accepted: how far it is; X-Progress

	// Replayed says that this is the answer that was given to the same request before; nil = it is not.
	Replayed *Replayed
}

// Replayed is how an answer was given that is given again.
type Replayed struct {
	Base   string // the base as the client named it
	Return Return // as it was preferred
}

// Body is the resource in the version that the interaction left it in; nil where there is none. The time of a version is
// known when its transaction has been committed, not before.
func (r *Response) Body() *Resource {
	if r.Resource == nil || r.Version == nil || r.Version.Deleted {
		return r.Resource
	}
	return r.Resource.WithVersion(r.Version.VersionID, r.Version.LastUpdated)
}

// Result is the kind of success.
type Result uint8

// The kinds of success.
const (
	OK          Result = iota // something was read, or written over
	Created                   // a resource came into being
	NoContent                 // done, and nothing to say
	NotModified               // what the client holds is current
	Accepted                  // it will be done
)
