package server

import (
	"context"
	"net/http"

	"andiron.dev/fhir"
	"andiron.dev/fhir/rest"
	"andiron.dev/smart"
)

// Bounds say what one caller may ask of the server. The zero value bounds nothing but wrong tokens.
type Bounds struct {
	Rate     float64 // requests a second in the long run, of a user with one client, or of a client that acts for itself; 0 = any number
	Burst    int     // requests at once after a pause; 0 = twice Rate
	InFlight int     // requests at the same time; 0 = any number
}

// Wrong tokens from one address: nobody can guess a token, but each guess is a look into the store.
const (
	wrongRate  = 50
	wrongBurst = 1000
)

// throttle is rest.Edge.Throttle: callers by who they are, those whom nobody knows by their address.
func (b Bounds) throttle() func(context.Context, *http.Request, error) (func(), error) {
	callers := &rest.Throttle{Rate: b.Rate, Burst: b.Burst, InFlight: b.InFlight}
	wrong := &rest.Throttle{Rate: wrongRate, Burst: wrongBurst}
	return func(ctx context.Context, r *http.Request, failed error) (func(), error) {
		address := rest.Address(r)
		switch fhir.CodeOf(failed) {
		case "":
		case fhir.Login, fhir.Expired:
			if r.Header.Get("Authorization") == "" { // who shows nothing guesses nothing
				return nil, nil
			}
			return wrong.Enter(rest.Neighbourhood(address))
		default:
			return nil, nil
		}
		if p := smart.From(ctx); p != nil {
			return callers.Enter(p.Issuer + "\x00" + p.Subject + "\x00" + p.ClientID)
		}
		if loopback(address) { // as with --auth off
			return nil, nil
		}
		return callers.Enter(rest.Neighbourhood(address))
	}
}
