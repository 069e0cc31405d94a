//go:build mutate_search

package smart

const mutated = hookSearch
