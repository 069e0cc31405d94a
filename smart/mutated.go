package smart

// The hooks of the guard. A build with the tag mutate_HOOK leaves one of them out, so that a test can prove that some other test
// would notice (see TestMutations). What stands here are constants: an ordinary build has no trace of it.
const (
	hookRead        = "read"
	hookVRead       = "vread"
	hookHistory     = "history"
	hookSearch      = "search"
	hookChain       = "chain"
	hookInclude     = "include"
	hookCreatePost  = "create_post"
	hookUpdatePre   = "update_pre"
	hookUpdatePost  = "update_post"
	hookDelete      = "delete"
	hookConditional = "conditional"
	hookBatch       = "batch"
	hookPaging      = "paging"
	hookPrecheck    = "precheck"
	hookConsent     = "consent"
	hookLabels      = "labels"
	hookCompartment = "compartment"
)
