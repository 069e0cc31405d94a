package main

import (
	"fmt"
	"net/url"
	"time"

	"andiron.dev/fhir/server"
)

// clockFlags say what time it is.
type clockFlags struct {
	TestClock bool `help:"For tests: let everybody who reaches the server set its clock (PUT /_test/clock) and wait until it is idle (POST /_test/drain). --addr and --base-url must be loopback addresses."`

	settable *server.Clock // the clock that tests can set; nil = they cannot
}

func (f *clockFlags) mistakes(addr, base string) []string {
	if !f.TestClock {
		return nil
	}
	var list []string
	if !server.Loopback(addr) {
		list = append(list, fmt.Sprintf("--test-clock lets everybody set the clock, so --addr must be a loopback address such as 127.0.0.1:8080, not %q", addr))
	}
	if u, err := url.Parse(base); base != "" && (err != nil || !server.Loopback(u.Hostname()+":0")) {
		list = append(list, fmt.Sprintf("--test-clock lets everybody set the clock, so --base-url must be at a loopback address, not %q", base))
	}
	return list
}

// clock is what a server goes by.
func (f *clockFlags) clock() func() time.Time {
	if !f.TestClock {
		return time.Now
	}
	f.settable = &server.Clock{}
	return f.settable.Now
}
