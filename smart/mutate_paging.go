//go:build mutate_paging

package smart

const mutated = hookPaging
