//go:build mutate_include

package smart

const mutated = hookInclude
