package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// writeTable writes the report for people.
func (r *Report) writeTable(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s (%s, FHIR %s)\n", r.Workload, r.Server, r.Software, r.FHIRVersion)
	model := fmt.Sprintf("closed model, %d virtual users", r.VUs)
	if r.Model == "open" {
		model = fmt.Sprintf("open model, %g iterations per second, at most %d under way", r.Rate, r.VUs)
	}
	fmt.Fprintf(&b, "%s; %s measured after %s of warm-up; seed %d; %g %% of the answers checked in full\n\n", model,
		seconds(r.Elapsed), seconds(r.Warmup), r.Seed, r.Check*100)
	r.tableOfKinds(&b)
	r.tableOfIterations(&b)
	if r.Load != nil {
		fmt.Fprintf(&b, "load: %d resources of %d Bundles stored, %.0f resources/s\n", r.Load.Resources, r.Load.Bundles, r.Load.ResourcesPerSecond)
	}
	if r.Generator.CPUSeconds > 0 {
		fmt.Fprintf(&b, "generator: %.1f µs of processor time per request, %.1f s in all\n", r.Generator.CPUMicrosPerRequest, r.Generator.CPUSeconds)
	}
	if p := r.Generator.Pacing; p != nil {
		fmt.Fprintf(&b, "generator: woke up %.3f ms (p50), %.3f ms (p99) after an iteration was due; the latencies contain it\n", p.P50, p.P99)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	writeFaults(&b, "errors", r.Total.ErrorKinds)
	writeFaults(&b, "WRONG ANSWERS", r.Total.WrongKinds)
	_, err := io.WriteString(out, b.String())
	return err
}

func (r *Report) tableOfKinds(b *strings.Builder) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "requests\treq/s\t2xx/s\tp50 ms\tp90\tp95\tp99\tp99.9\tmax\tMB\terrors\twrong\tentries\t  kind\n")
	row := func(f *Figures) {
		entries := ""
		if f.EntriesPerBundle != nil {
			entries = fmt.Sprintf("%.1f", *f.EntriesPerBundle)
		}
		l := &f.Latency
		fmt.Fprintf(t, "%d\t%.1f\t%.1f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.1f\t%d\t%d\t%s\t  %s\n", f.Requests, f.RequestsPerSecond,
			f.SucceededPerSecond, l.P50, l.P90, l.P95, l.P99, l.P999, l.Max, float64(f.BytesReceived)/1e6, f.Errors, f.Wrong, entries, f.Kind)
	}
	for i := range r.Kinds {
		row(&r.Kinds[i])
	}
	if len(r.Kinds) > 1 {
		row(&r.Total)
	}
	_ = t.Flush() // a strings.Builder takes everything
	b.WriteByte('\n')
}

func (r *Report) tableOfIterations(b *strings.Builder) {
	i := &r.Iterations
	fmt.Fprintf(b, "iterations: %d, %.1f/s, p50 %.2f ms, p99 %.2f ms", i.Count, i.PerSecond, i.Latency.P50, i.Latency.P99)
	if r.Model == "open" {
		fmt.Fprintf(b, "; %d late (no virtual user was free), %d dropped", i.Late, i.Dropped)
	}
	b.WriteByte('\n')
}

func writeFaults(b *strings.Builder, title string, all []Fault) {
	if len(all) > 0 {
		fmt.Fprintf(b, "%s:\n", title)
	}
	for _, f := range all {
		fmt.Fprintf(b, "  %d x %s\n", f.Count, f.Reason)
		if f.Example != "" {
			fmt.Fprintf(b, "      %s\n", f.Example)
		}
	}
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(time.Millisecond).String()
}
