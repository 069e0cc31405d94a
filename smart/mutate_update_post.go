//go:build mutate_update_post

package smart

const mutated = hookUpdatePost
