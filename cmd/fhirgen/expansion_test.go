package main

import (
	"slices"
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	d := definitions{}
	for _, line := range []string{
		`{"resourceType":"CodeSystem","url":"s","content":"complete","concept":[{"code":"a","concept":[{"code":"b","concept":[{"code":"c"}]}]},{"code":"d"}]}`,
		`{"resourceType":"CodeSystem","url":"elsewhere","content":"not-present"}`,
		`{"resourceType":"ValueSet","url":"whole","compose":{"include":[{"system":"s"}]}}`,
		`{"resourceType":"ValueSet","url":"chosen","compose":{"include":[{"system":"s","concept":[{"code":"d"},{"code":"a"}]}]}}`,
		`{"resourceType":"ValueSet","url":"nested","compose":{"include":[{"valueSet":["chosen|4.0.1"]},{"system":"t","concept":[{"code":"x"}]}]}}`,
		`{"resourceType":"ValueSet","url":"both","compose":{"include":[{"system":"s","valueSet":["chosen"]}]}}`,
		`{"resourceType":"ValueSet","url":"without","compose":{"include":[{"system":"s"}],"exclude":[{"system":"s","concept":[{"code":"b"}]},{"system":"t","concept":[{"code":"a"}]}]}}`,
		`{"resourceType":"ValueSet","url":"absent","compose":{"include":[{"system":"u"}]}}`,
		`{"resourceType":"ValueSet","url":"partly","compose":{"include":[{"system":"s"},{"system":"elsewhere"}]}}`,
		`{"resourceType":"ValueSet","url":"round","compose":{"include":[{"valueSet":["about"]}]}}`,
		`{"resourceType":"ValueSet","url":"about","compose":{"include":[{"valueSet":["round"]}]}}`,
		`{"resourceType":"ValueSet","url":"filtered","compose":{"include":[{"system":"s","filter":[{"property":"concept","op":"is-a","value":"a"}]}]}}`,
		`{"resourceType":"ValueSet","url":"empty","compose":{"include":[{}]}}`,
		`{"resourceType":"ValueSet","url":"impossible","compose":{"include":[{"system":"s"}],"exclude":[{"system":"u"}]}}`,
	} {
		if err := d.add([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	terms, err := newTerminology(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ set, codes, system, fails string }{
		{set: "whole", codes: "a b c d", system: "s"},
		{set: "chosen", codes: "d a", system: "s"},
		{set: "nested", codes: "d a x"},
		{set: "both", codes: "a d", system: "s"},
		{set: "without", codes: "a c d", system: "s"},
		{set: "absent", system: "u"},
		{set: "partly"},
		{set: "unknown"},
		{set: "round", fails: "value set includes itself: round > about > round"},
		{set: "filtered", fails: "filtered filters s"},
		{set: "empty", fails: "empty has an empty include"},
		{set: "impossible", fails: "impossible excludes what cannot be listed"},
	} {
		x, err := terms.expand(c.set)
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: %v, want %s", c.set, err, c.fails)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.set, err)
			continue
		}
		system, _ := x.oneSystem()
		if x.unlimited {
			system, x.codes = x.only, nil
		}
		if x.unlimited != (c.codes == "") || !slices.Equal(x.codes, strings.Fields(c.codes)) || system != c.system {
			t.Errorf("%s: %v of %q, want %s of %q", c.set, x.codes, system, c.codes, c.system)
		}
	}
}
