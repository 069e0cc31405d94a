package bench

import (
	"fmt"
	"io"
	"strings"
)

// writeBenchstat writes lines in the format of Go benchmarks, one for all requests and one for each kind, for benchstat to
// compare servers, versions or machines: run several times with -seed alike and give it the files. ns/op is the mean latency of
// a successful request.
func (r *Report) writeBenchstat(out io.Writer) error {
	var b strings.Builder
	// No "key: value" lines: benchstat would put what differs in one of them into tables of their own, and compare nothing.
	fmt.Fprintf(&b, "# %s (%s), %s model\n", r.Server, r.Software, r.Model)
	b.WriteString("Unit req/s better=higher\nUnit 2xx/s better=higher\nUnit p50-ms better=lower\nUnit p99-ms better=lower\n" +
		"Unit errors better=lower\nUnit wrong better=lower\n")
	line := func(name string, f *Figures) {
		fmt.Fprintf(&b, "BenchmarkServer/%s/vus=%d \t%8d\t%.0f ns/op\t%g req/s\t%g 2xx/s\t%g p50-ms\t%g p99-ms\t%d errors\t%d wrong\n",
			name, r.VUs, f.Requests, f.Latency.Mean*1e6, f.RequestsPerSecond, f.SucceededPerSecond, f.Latency.P50, f.Latency.P99,
			f.Errors, f.Wrong)
	}
	line(r.Workload, &r.Total)
	if len(r.Kinds) > 1 {
		for i := range r.Kinds {
			line(r.Workload+"/"+benchmarkName(r.Kinds[i].Kind), &r.Kinds[i])
		}
	}
	if r.Load != nil {
		b.WriteString("Unit resources/s better=higher\n")
		fmt.Fprintf(&b, "BenchmarkServer/load/resources/vus=%d \t%8d\t%g resources/s\n", r.VUs, r.Load.Resources, r.Load.ResourcesPerSecond)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// benchmarkName makes a kind one part of a benchmark's name: no space ends it, no slash divides it, and no equals sign makes
// benchstat take it for a key and a value.
func benchmarkName(kind string) string {
	return strings.NewReplacer(" ", "_", "/", ".", "=", ":", "{", "", "}", "").Replace(kind)
}
