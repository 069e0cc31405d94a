//go:build mutate_batch

package smart

const mutated = hookBatch
