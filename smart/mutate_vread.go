//go:build mutate_vread

package smart

const mutated = hookVRead
