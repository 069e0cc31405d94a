//go:build mutate_history

package smart

const mutated = hookHistory
