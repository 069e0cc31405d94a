//go:build mutate_delete

package smart

const mutated = hookDelete
