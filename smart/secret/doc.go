// Package secret keeps at rest what a server must be able to read again: signing keys, seeds of second factors, secrets of subscriptions.
// Each is encrypted under a key of its own, and that one under a key-encryption key, so that rotation touches a few bytes of each.
package secret
