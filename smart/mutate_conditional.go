//go:build mutate_conditional

package smart

const mutated = hookConditional
