package server

import "github.com/google/uuid"

// NewUUID makes a logical id: a random UUID that begins with the time (version 7), so that resources made one after the
// other lie side by side in every index.
func NewUUID() string {
	return uuid.Must(uuid.NewV7()).String() // fails only if the system has no randomness, and then nothing works
}
