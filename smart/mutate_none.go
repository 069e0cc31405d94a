//go:build !mutate_read && !mutate_vread && !mutate_history && !mutate_search && !mutate_chain && !mutate_include && !mutate_create_post && !mutate_update_pre && !mutate_update_post && !mutate_delete && !mutate_conditional && !mutate_batch && !mutate_paging && !mutate_precheck && !mutate_consent && !mutate_labels && !mutate_compartment

package smart

// mutated is the hook that is left out.
const mutated = ""
