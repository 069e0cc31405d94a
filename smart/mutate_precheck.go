//go:build mutate_precheck

package smart

const mutated = hookPrecheck
