// Package async answers operations and searches later on: Prefer: respond-async. The answer is kept in the commit of what a request changes, so
// that a job that was interrupted has changed nothing.
package async
