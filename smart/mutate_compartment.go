//go:build mutate_compartment

package smart

const mutated = hookCompartment
