package bench

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"andiron.dev/cmd/andiron/bench/wire"
)

// Config is what a run is asked to do. The tags are kong's.
type Config struct {
	Server   string        `help:"FHIR base URL of the server, such as http://localhost:8080/fhir." placeholder:"URL" required:""`
	Workload string        `help:"What to send: read (by id), crud (36 requests that create, read, update and delete nine types), search (Patient by name and birthdate), mix (reads and searches of a clinical app), transaction (a Patient with a visit as one Bundle), load (Synthea Bundles)." enum:"read,crud,search,mix,transaction,load" default:"read"`
	VUs      int           `name:"vus" help:"Virtual users: connections, each with one request at a time. With --rate, the most requests under way at once." default:"8"`
	Duration time.Duration `help:"How long to measure." default:"30s"`
	Warmup   time.Duration `help:"How long to run before measuring." default:"5s"`

	Iterations int64   `help:"Stop after so many iterations (for load: Bundles) instead of after --duration."`
	Rate       float64 `help:"Open model: iterations that arrive per second, whether the server keeps up or not. 0 is the closed model: each virtual user waits for the answer." placeholder:"R"`

	Timeout time.Duration `help:"How long to wait for an answer." default:"60s"`
	Token   string        `help:"Access token, sent as Authorization: Bearer. Other users of this machine can read a command line: prefer the environment variable." env:"ANDIRON_TOKEN" placeholder:"TOKEN"`
	Seed    uint64        `help:"Where the random choices start: the same seed sends the same requests." default:"1"`
	Check   float64       `help:"Share of the answers that are checked in full, 0 to 1. All of them get the cheap checks." default:"0.1"`

	Type     string `help:"Resource type for read." default:"Patient"`
	IDs      int    `name:"ids" help:"The most ids to harvest for read, search and mix." default:"1000"`
	Data     string `help:"Folder of transaction Bundles (.json, .json.gz) for load." default:"../shared/data/synthea" placeholder:"DIR"`
	Encoding string `help:"Whether to ask for compressed answers: auto is gzip for crud and identity elsewhere. Members of compressed answers are checked in the sample only." enum:"auto,gzip,identity" default:"auto"`
	Insecure bool   `help:"Accept any TLS certificate."`

	JSON      bool `name:"json" help:"Write the report as JSON." xor:"output"`
	Benchstat bool `help:"Write the report as lines that benchstat reads." xor:"output"`
}

// check reports all mistakes at once.
func (c *Config) check() (wire.Server, error) {
	server, err := wire.Parse(c.Server)
	mistakes := []error{err}
	must := func(ok bool, format string, args ...any) {
		if !ok {
			mistakes = append(mistakes, fmt.Errorf(format, args...))
		}
	}
	must(slices.Contains([]string{"read", "crud", "search", "mix", "transaction", "load"}, c.Workload),
		"--workload %q is none of read, crud, search, mix, transaction and load", c.Workload)
	must(c.VUs >= 1 && c.VUs <= 10_000, "--vus must be 1 to 10000, not %d", c.VUs)
	must(c.Timeout > 0, "--timeout must be more than nothing")
	must(c.Check >= 0 && c.Check <= 1, "--check must be 0 to 1, not %g", c.Check)
	must(c.Warmup >= 0, "--warmup must not be negative")
	must(c.Iterations >= 0, "--iterations must not be negative")
	must(c.Rate >= 0 && c.Rate <= 1e6, "--rate must be 0 to 1000000 iterations per second, not %g", c.Rate)
	must(slices.Contains([]string{"", "auto", "gzip", "identity"}, c.Encoding),
		"--encoding %q is none of auto, gzip and identity", c.Encoding)
	must(!c.JSON || !c.Benchstat, "--json and --benchstat exclude each other")
	must(!hasControl(c.Token), "--token has characters that no token has")
	switch c.Workload {
	case "load":
		must(c.Rate == 0, "--rate does not go with load, which sends every Bundle once")
		must(c.Data != "", "--data must name a folder of Bundles")
	case "read":
		must(isTypeName(c.Type), "--type %q is not the name of a resource type", c.Type)
		fallthrough
	case "search", "mix":
		must(c.IDs >= 1, "--ids must be at least 1")
		fallthrough
	default:
		must(c.Duration > 0 || c.Iterations > 0, "--duration must be more than nothing")
	}
	if server.TLS != nil {
		server.TLS.InsecureSkipVerify = c.Insecure
	}
	return server, errors.Join(mistakes...)
}

// fields are the header fields of every request.
func (c *Config) fields() []string {
	encoding := c.Encoding
	if encoding == "auto" || encoding == "" {
		encoding = "identity"
		if c.Workload == "crud" {
			encoding = "gzip"
		}
	}
	fields := []string{"Accept: application/fhir+json", "Accept-Encoding: " + encoding, "User-Agent: andiron-bench"}
	if c.Token != "" {
		fields = append(fields, "Authorization: Bearer "+c.Token)
	}
	return fields
}

func isTypeName(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (i == 0 || c < 'a' || c > 'z') {
			return false
		}
	}
	return s != ""
}

func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return true
		}
	}
	return false
}
