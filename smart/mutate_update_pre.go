//go:build mutate_update_pre

package smart

const mutated = hookUpdatePre
