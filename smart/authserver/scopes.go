package authserver

import (
	"slices"
	"strings"

	"andiron.dev/smart"
)

// hasScope reports whether a scope is in a list with blanks between.
func hasScope(list, name string) bool {
	for one := range strings.SplitSeq(list, " ") {
		if one == name {
			return true
		}
	}
	return false
}

// understood parses what a client asks for. A scope on resources that is not understood is refused, so that nobody takes it for
// granted; other words, such as "email", may be meant for other servers.
func understood(asked string) (smart.Scopes, error) {
	if len(asked) > maxScope {
		return nil, refuse(invalidScope, "the scopes are too long")
	}
	list, refused := smart.ParseScopes(asked)
	for _, one := range refused {
		if strings.ContainsAny(one, "/.?") || len(one) > 64 {
			return nil, refuse(invalidScope, "this scope is not well-formed or not supported: "+short(quotable(one)))
		}
	}
	if len(list) == 0 {
		return nil, refuse(invalidScope, "scope is missing, or none of the scopes is known")
	}
	return list, nil
}

func short(text string) string {
	const most = 80
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

// checked are the scopes that can be granted here: of types and search parameters that there are.
func (s *Server) checked(list smart.Scopes) error {
	if s.config.Spec == nil || s.config.Params == nil {
		return nil
	}
	for _, one := range list {
		if err := one.Check(s.config.Spec, s.config.Params); err != nil {
			return refuse(invalidScope, quotable(short(one.Text)+": "+text(err)))
		}
	}
	return nil
}

// requestable are the scopes of a user's request that the client may have. Scopes of system context are for clients that act
// for themselves.
func (s *Server) requestable(asked string, c *Client) (string, error) {
	list, err := understood(asked)
	if err == nil {
		err = s.checked(list)
	}
	if err != nil {
		return "", err
	}
	list = list.Intersect(c.scopes())
	list = slices.DeleteFunc(list, func(one smart.Scope) bool {
		return one.Kind == smart.ResourceScope && one.Context == smart.SystemContext
	})
	if len(list) == 0 {
		return "", refuse(invalidScope, "the client is registered for none of these scopes")
	}
	return list.String(), nil
}

// backendScopes are the scopes that a client that acts for itself may have: those of system context, and operations.
func (s *Server) backendScopes(asked string, c *Client) (string, error) {
	list, err := understood(asked)
	if err == nil {
		err = s.checked(list)
	}
	if err != nil {
		return "", err
	}
	list = slices.DeleteFunc(list.Intersect(c.scopes()), func(one smart.Scope) bool {
		return one.Kind != smart.OperationScope && (one.Kind != smart.ResourceScope || one.Context != smart.SystemContext)
	})
	if len(list) == 0 {
		return "", refuse(invalidScope, "the client is registered for none of these scopes as one that acts for itself")
	}
	return list.String(), nil
}

// within are the scopes that a refresh asks for: no more than were granted.
func within(asked, granted string) (string, error) {
	all, _ := smart.ParseScopes(granted)
	list, err := all.Narrow(asked)
	if err != nil {
		return "", refuse(invalidScope, "more is asked for than was granted")
	}
	return list.String(), nil
}

// needsPatient reports whether scopes are about a patient in context.
func needsPatient(scope string) bool {
	list, _ := smart.ParseScopes(scope)
	return list.In(smart.PatientContext) || list.Has("launch/patient")
}
