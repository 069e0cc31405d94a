package rest

import (
	"net/http"

	"andiron.dev/fhir"
)

// Status is the HTTP status of an outcome: the one table between FHIR's issue types and HTTP.
func Status(o *fhir.Outcome) int {
	switch o.Refinement {
	case fhir.FailedPrecondition:
		return http.StatusPreconditionFailed
	case fhir.MethodNotAllowed:
		return http.StatusMethodNotAllowed
	case fhir.UnsupportedMediaType:
		return http.StatusUnsupportedMediaType
	case fhir.NotAcceptable:
		return http.StatusNotAcceptable
	case fhir.LongURL:
		return http.StatusRequestURITooLong
	case fhir.NoSuchOperation:
		return http.StatusNotFound
	case fhir.InProgress, fhir.Unavailable:
		return http.StatusConflict
	case fhir.KeyReused:
		return http.StatusUnprocessableEntity
	}
	if o.Challenge != "" && o.Code() == fhir.Expired { // a token; what else expires is gone
		return http.StatusUnauthorized
	}
	switch o.Code() {
	case fhir.Login, fhir.Unknown:
		return http.StatusUnauthorized
	case fhir.Forbidden, fhir.Suppressed:
		return http.StatusForbidden
	case fhir.NotFound:
		return http.StatusNotFound
	case fhir.Deleted, fhir.Expired:
		return http.StatusGone
	case fhir.Conflict, fhir.Duplicate:
		return http.StatusConflict
	case fhir.MultipleMatches:
		return http.StatusPreconditionFailed
	case fhir.TooLong:
		return http.StatusRequestEntityTooLarge
	case fhir.BusinessRule, fhir.Invariant, fhir.TooCostly, fhir.Extension:
		return http.StatusUnprocessableEntity
	case fhir.Throttled:
		return http.StatusTooManyRequests
	case fhir.Transient, fhir.LockError, fhir.Timeout, fhir.Incomplete:
		return http.StatusServiceUnavailable
	case fhir.NoStore:
		return http.StatusInsufficientStorage
	case fhir.Exception:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// statusOf is the HTTP status of a success.
func statusOf(resp *fhir.Response) int {
	switch resp.Result {
	case fhir.Created:
		return http.StatusCreated
	case fhir.Accepted:
		return http.StatusAccepted
	case fhir.NoContent:
		return http.StatusNoContent
	case fhir.NotModified:
		return http.StatusNotModified
	}
	return http.StatusOK
}
