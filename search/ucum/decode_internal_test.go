package ucum

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// TestEssenceIsUnaltered: the licence of the definitions allows no altered copies.
func TestEssenceIsUnaltered(t *testing.T) {
	const published = "dfccea1b5dc284245ebae97edd1dc03c45864da4e87df55bc9851797b4fd0b61"
	if sum := sha256.Sum256([]byte(essence)); hex.EncodeToString(sum[:]) != published {
		t.Error("ucum-essence.xml is not version 2.2 of 2024-06-17 as published")
	}
	shared, err := os.ReadFile("../../../shared/data/ucum/ucum-essence.xml")
	if err != nil {
		t.Skip("SKIPPED: ../shared/data/ucum is not there, so the definitions have not been compared with it")
	}
	if string(shared) != essence {
		t.Error("ucum-essence.xml differs from that of ../shared/data")
	}
}

// TestEssenceByXML reads the definitions with package encoding/xml, too.
func TestEssenceByXML(t *testing.T) {
	type arguments struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
		Unit  string `xml:"Unit,attr"`
	}
	type element struct {
		XMLName   xml.Name
		Code      string `xml:"Code,attr"`
		Metric    string `xml:"isMetric,attr"`
		Special   string `xml:"isSpecial,attr"`
		Arbitrary string `xml:"isArbitrary,attr"`
		Value     struct {
			arguments
			Function *arguments `xml:"function"`
		} `xml:"value"`
	}
	var root struct {
		Elements []element `xml:",any"`
	}
	x := xml.NewDecoder(strings.NewReader(essence))
	x.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	if err := x.Decode(&root); err != nil {
		t.Fatal(err)
	}
	got, err := readEssence(essence)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(root.Elements) || len(got) != 24+7+305 {
		t.Fatalf("%d definitions, encoding/xml reads %d", len(got), len(root.Elements))
	}
	for i, e := range root.Elements {
		want := definition{
			element: e.XMLName.Local, code: e.Code, metric: e.Metric == "yes" || e.XMLName.Local == "base-unit",
			special: e.Special == "yes", arbitrary: e.Arbitrary == "yes", value: e.Value.Value, unit: e.Value.Unit,
		}
		if f := e.Value.Function; f != nil {
			want.function, want.value, want.unit = f.Name, f.Value, f.Unit
		}
		if got[i] != want {
			t.Errorf("read %+v, want %+v", got[i], want)
		}
	}
}

// TestDecodeFails: definitions that are not as expected are no units.
func TestDecodeFails(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{essence, "", "not as they are published"},
		{"<root", "<value x=\"1\"/><root", "not as they are published"},
		{essence, "<unit Code=\"a\"", "not as they are published"},
		{`<prefix Code="Y"`, `<prefix Code=Y`, "not as they are published"},
		{`<prefix Code="Y"`, `<prefix Code="&#89;"`, "not as they are published"},
		{`<prefix Code="Y"`, `<prefix Name="Y"`, "not as they are published"},
		{`<value value="1e24">`, `<value>`, "not as they are published: Y"},
		{`<value value="1e24">`, `<value value="many">`, "prefix Y is not defined as expected"},
		{`<prefix Code="Y"`, `<prefix Code="Yotta"`, "prefix Yotta is not defined as expected"},
		{`<value Unit="N/m2" UNIT="N/M2" value="1">`, `<value Unit="N/m2" value="0">`, `ucum: Pa: "0" is no value`},
		{`<value Unit="N/m2" UNIT="N/M2" value="1">`, `<value Unit="Pa" value="1">`, "ucum: Pa: there is no such unit at character 1"},
		{`<value Unit="kg.m/s2"`, `<value Unit="Pa.m2"`, "there is no such unit at character 1"}, // N by Pa by N
		{`name="degF" value="5" Unit="K/9"`, `name="degF" value="5" Unit="K/"`, "ucum: [degF]: the code ends"},
	} {
		if !strings.Contains(essence, c.old) {
			t.Fatalf("%s is not in the definitions", c.old)
		}
		_, err := decode(strings.Replace(essence, c.old, c.new, 1))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40s for %.40s: %v, want %s", c.new, c.old, err, c.want)
		}
	}
}

// TestSymbolsAreUnambiguous: no symbol is that of an atom and of another with prefix, or of two atoms with prefixes, and
// none ends with a digit. The parser relies on it.
func TestSymbolsAreUnambiguous(t *testing.T) {
	u, err := Decode()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for code, a := range u.atoms {
		if digit(code[len(code)-1]) {
			t.Errorf("%s ends with a digit", code)
		}
		symbols := []string{code}
		if a.metric {
			for prefix := range u.prefixes {
				symbols = append(symbols, prefix+code)
			}
		}
		for _, s := range symbols {
			if seen[s] != "" {
				t.Errorf("%s is of %s and of %s", s, seen[s], code)
			}
			seen[s] = code
			if err := u.Valid(s); err != nil {
				t.Errorf("%s: %v", s, err)
			}
		}
	}
}

// TestSpecialFunctions: every function of the definitions has been looked at.
func TestSpecialFunctions(t *testing.T) {
	all, err := readEssence(essence)
	if err != nil {
		t.Fatal(err)
	}
	functions := map[string]bool{}
	for _, def := range all {
		if def.special != (def.function != "") {
			t.Errorf("%s: special %v, function %q", def.code, def.special, def.function)
		}
		functions[def.function] = true
	}
	want := []string{"", "100tan", "Cel", "degF", "degRe", "hpC", "hpM", "hpQ", "hpX", "ld", "lg", "lgTimes2", "ln", "pH", "sqrt", "tanTimes100"}
	if got := slices.Sorted(maps.Keys(functions)); !slices.Equal(got, want) {
		t.Errorf("functions %v, want %v", got, want)
	}
}

// TestCacheIsBounded: clients choose codes.
func TestCacheIsBounded(t *testing.T) {
	u, err := Decode()
	if err != nil {
		t.Fatal(err)
	}
	cached := func() (n int) {
		u.parsed.entries.Range(func(any, any) bool { n++; return true })
		return n
	}
	most := 0
	for i := range 3 * maxCached {
		u.entry(fmt.Sprintf("mg{%d}", i))
		if i%500 == 0 {
			most = max(most, cached())
		}
	}
	if most > maxCached || most < maxCached/2 {
		t.Errorf("%d codes are remembered", most)
	}
	before := cached()
	u.entry(strings.Repeat("x", maxLength+1))
	if cached() != before {
		t.Error("a code that is too long is remembered")
	}
	if e := u.entry("mg"); e != u.entry("mg") || e.canonical != "g" {
		t.Error("a code is parsed twice")
	}
	code := strings.Repeat("mmol/L ", 10)[:6]
	u.entry(code)
	u.parsed.entries.Range(func(k, _ any) bool {
		if k.(string) == code && unsafe.StringData(k.(string)) == unsafe.StringData(code) {
			t.Error("a code keeps its document")
		}
		return true
	})
}
