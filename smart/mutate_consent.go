//go:build mutate_consent

package smart

const mutated = hookConsent
