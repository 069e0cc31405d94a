//go:build race

package storetest

// detecting says that the race detector is on, which makes everything ten times slower.
const detecting = true
