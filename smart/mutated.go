package smart

// The hooks of the guard. A build with the tag mutate leaves out the one that the environment names, so that a test can prove that some other
// test would notice (see TestMutations). An ordinary build has no trace of it: there mutated is constant.
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
