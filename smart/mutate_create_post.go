//go:build mutate_create_post

package smart

const mutated = hookCreatePost
