//go:build mutate_labels

package smart

const mutated = hookLabels
