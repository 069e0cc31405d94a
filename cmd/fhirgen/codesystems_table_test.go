package main

import (
	"strings"
	"testing"
)

func TestCodeSystemsTable(t *testing.T) {
	for _, c := range []struct{ definitions, want, fails string }{
		{`{"resourceType":"CodeSystem","url":"s","content":"complete","concept":[{"code":"a","concept":[{"code":"b","concept":[{"code":"c"}]}]},{"code":"d"}]}
{"resourceType":"CodeSystem","url":"t","hierarchyMeaning":"is-a","content":"complete","concept":[{"code":"x"}]}
{"resourceType":"CodeSystem","url":"elsewhere","content":"not-present"}
{"resourceType":"CodeSystem","url":"part","content":"fragment","concept":[{"code":"x"}]}`, "s\n\ta\n\t\tb\n\t\t\tc\n\td\nt\n\tx\n", ""},
		{`{"resourceType":"CodeSystem","url":"s","hierarchyMeaning":"part-of","content":"complete","concept":[{"code":"a"}]}`, "", "the hierarchy of s means part-of"},
	} {
		d := definitions{}
		for line := range strings.SplitSeq(c.definitions, "\n") {
			if err := d.add([]byte(line)); err != nil {
				t.Fatal(err)
			}
		}
		text, err := codeSystemsTable(d)
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("error %v, want %s", err, c.fails)
			}
			continue
		}
		var rows strings.Builder
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "#") {
				rows.WriteString(line)
			}
		}
		if err != nil || rows.String() != c.want {
			t.Errorf("%v %q, want %q", err, rows.String(), c.want)
		}
	}
}
