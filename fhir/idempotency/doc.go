// Package idempotency lets clients repeat a request without repeating what it does: the header Idempotency-Key
// (draft-ietf-httpapi-idempotency-key-header). The answer is kept in the commit of what the request has written, so that there is
// never one without the other.
package idempotency
