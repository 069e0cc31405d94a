package main

import (
	"andiron.dev/fhir/rest"
	"andiron.dev/fhir/server"
)

// frontFlags say what stands in front of the server, and how much one caller may ask of it.
type frontFlags struct {
	TrustedProxy []string `name:"trusted-proxy" help:"Network or address of a reverse proxy, such as 10.0.0.0/8, whose X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host or Forwarded are believed; may be repeated. Those of others are ignored." placeholder:"CIDR"`

	RateLimit   float64 `help:"Most requests a second, in the long run, of one user with one client, or of one client that acts for itself; more are answered 429. 0 is no limit." default:"0"`
	RateBurst   int     `help:"Requests that may come at once after a pause; 0 is twice --rate-limit." default:"0"`
	MaxInFlight int     `help:"Most requests of one of them at the same time; more are answered 429. 0 is no limit." default:"1024"`
}

func (f *frontFlags) mistakes() []string {
	var list []string
	if _, err := rest.ParseProxies(f.TrustedProxy); err != nil {
		list = append(list, "--trusted-proxy: "+err.Error())
	}
	if f.RateLimit < 0 || f.RateBurst < 0 || f.MaxInFlight < 0 {
		list = append(list, "--rate-limit, --rate-burst and --max-in-flight must be 0 or more")
	}
	return list
}

func (f *frontFlags) proxies() rest.Proxies {
	p, _ := rest.ParseProxies(f.TrustedProxy) // see mistakes
	return p
}

func (f *frontFlags) bounds() server.Bounds {
	return server.Bounds{Rate: f.RateLimit, Burst: f.RateBurst, InFlight: f.MaxInFlight}
}
