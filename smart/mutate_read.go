//go:build mutate_read

package smart

const mutated = hookRead
