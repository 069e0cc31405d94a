//go:build mutate_chain

package smart

const mutated = hookChain
