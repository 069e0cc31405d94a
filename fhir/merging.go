package fhir

import "context"

type mergingKey struct{}

// Merging marks what is written with ctx as one record becoming part of another, or leaving it again: references to a Patient change, and
// nothing else does. Rules that keep resources of one Patient apart, or that keep a resource from being changed at all, let it pass: what
// clashes is reported by whoever merges, and nothing is lost.
func Merging(ctx context.Context) context.Context { return context.WithValue(ctx, mergingKey{}, true) }

// IsMerging reports whether ctx is one of Merging.
func IsMerging(ctx context.Context) bool { return ctx.Value(mergingKey{}) != nil }
