package fhir

// IssueType is a code of http://hl7.org/fhir/issue-type, the error kinds of this server.
type IssueType string

// The issue types in the order of http://hl7.org/fhir/R4/valueset-issue-type.html. Left out because nothing
// here distinguishes them: processing and security, which are only parents.
const (
	Invalid         IssueType = "invalid"
	Structure       IssueType = "structure"
	Required        IssueType = "required"
	Value           IssueType = "value"
	Invariant       IssueType = "invariant"
	Login           IssueType = "login"
	Unknown         IssueType = "unknown"
	Expired         IssueType = "expired"
	Forbidden       IssueType = "forbidden"
	Suppressed      IssueType = "suppressed"
	NotSupported    IssueType = "not-supported"
	Duplicate       IssueType = "duplicate"
	MultipleMatches IssueType = "multiple-matches"
	NotFound        IssueType = "not-found"
	Deleted         IssueType = "deleted"
	TooLong         IssueType = "too-long"
	CodeInvalid     IssueType = "code-invalid"
	Extension       IssueType = "extension"
	TooCostly       IssueType = "too-costly"
	BusinessRule    IssueType = "business-rule"
	Conflict        IssueType = "conflict"
	Transient       IssueType = "transient"
	LockError       IssueType = "lock-error"
	NoStore         IssueType = "no-store"
	Exception       IssueType = "exception"
	Timeout         IssueType = "timeout"
	Incomplete      IssueType = "incomplete"
	Throttled       IssueType = "throttled"
	Informational   IssueType = "informational"
)

// Severity is a code of http://hl7.org/fhir/issue-severity.
type Severity string

// The severities, gravest first.
const (
	Fatal       Severity = "fatal"
	Error       Severity = "error"
	Warning     Severity = "warning"
	Information Severity = "information"
)
