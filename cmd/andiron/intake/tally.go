package intake

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"text/tabwriter"
	"time"
)

// Tally counts resources by type. It is safe for concurrent use.
type Tally struct {
	mu      sync.Mutex
	started time.Time
	types   map[string]*Count
}

// Count is what became of the resources of one type.
type Count struct {
	Read, Created, Updated, Skipped, Failed int
}

func newTally() *Tally { return &Tally{started: time.Now(), types: make(map[string]*Count)} }

func (t *Tally) each(types []string, fn func(i int, c *Count)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, name := range types {
		c := t.types[name]
		if c == nil {
			c = &Count{}
			t.types[name] = c
		}
		c.Read++
		fn(i, c)
	}
}

func (t *Tally) add(types []string, results []Result) {
	t.each(types, func(i int, c *Count) {
		switch results[i] {
		case Created:
			c.Created++
		case Updated:
			c.Updated++
		}
	})
}

func (t *Tally) skip(types []string) { t.each(types, func(_ int, c *Count) { c.Skipped++ }) }
func (t *Tally) fail(types []string) { t.each(types, func(_ int, c *Count) { c.Failed++ }) }

// Total is the sum over all types.
func (t *Tally) Total() Count {
	t.mu.Lock()
	defer t.mu.Unlock()
	var sum Count
	for _, c := range t.types {
		sum.add(*c)
	}
	return sum
}

func (c *Count) add(o Count) {
	c.Read += o.Read
	c.Created += o.Created
	c.Updated += o.Updated
	c.Skipped += o.Skipped
	c.Failed += o.Failed
}

func (t *Tally) failed() int { return t.Total().Failed }

// Write prints the table.
func (t *Tally) Write(out io.Writer) {
	total, elapsed := t.Total(), time.Since(t.started)
	t.mu.Lock()
	defer t.mu.Unlock()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, c Count) {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t\n", name, c.Read, c.Created, c.Updated, c.Skipped, c.Failed)
	}
	fmt.Fprintln(w, "type\tread\tcreated\tupdated\tskipped\tfailed\t")
	names := make([]string, 0, len(t.types))
	for name := range t.types {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		row(name, *t.types[name])
	}
	row("total", total)
	w.Flush()
	if stored := total.Created + total.Updated; stored > 0 {
		fmt.Fprintf(out, "%d resources stored in %.1f s, %.0f a second\n", stored, elapsed.Seconds(), float64(stored)/elapsed.Seconds())
	}
	if total.Skipped > 0 {
		fmt.Fprintf(out, "%d resources had been imported before and were skipped; --again imports them once more\n", total.Skipped)
	}
}
