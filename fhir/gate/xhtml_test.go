package gate_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"andiron.dev/fhir"
)

// narrative is a Patient with the given div.
func narrative(t testing.TB, div string) fhir.Element {
	t.Helper()
	literal, err := json.Marshal(div)
	if err != nil {
		t.Fatal(err)
	}
	root, err := fhir.Parse(`{"resourceType":"Patient","text":{"status":"generated","div":`+string(literal)+`}}`, fhir.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestNarrativesThatPass(t *testing.T) {
	g := newGate(t)
	for _, div := range []string{
		`<div>x</div>`,
		`<div/>`,
		` <div xmlns="http://www.w3.org/1999/xhtml" xml:lang="de" lang="de">x</div> `,
		"<div>\n <p title='a \"b\" > c'\n\tclass=\"d\" >x<br/><br /></p>\n</div >",
		`<div>5 &lt; 6 &amp; 7 &gt; 6 &quot;&apos; &#160;&#xA0;&#x1F600; é 😀 ] ] ></div>`,
		`<div><!-- a - b --><!----></div>`,
		`<div><a href="#x" name="y">x</a><a href="http://example.org/a?b=1&amp;c=2#d">x</a><a href="mailto:a@b">x</a><a href="tel:+49">x</a><a href="Patient/1">x</a></div>`,
		`<div><a href="urn:uuid:1">x</a><a href="HTTPS://example.org">x</a><a href="?a:b">x</a><a href="/a:b">x</a><a href="">x</a></div>`,
		`<div><img src="data:image/png;base64,AA==" alt="x" width="1"/><img src="x.png"/><img src="#img"/></div>`,
		`<div><table border="1" cellpadding="2"><thead><tr><th colspan="2">a</th></tr></thead><tbody><tr><td rowspan="2" align="left">b</td></tr></tbody></table></div>`,
		`<div><p style="color: red; background-image: url(data: image/png;base64,AA==)">x</p><p style="background:url('x.png') no-repeat, url(http://a/b.png)">x</p></div>`,
		`<div><address>x</address><bdo dir="rtl">x</bdo><kbd>x</kbd></div>`,
	} {
		if o := g.Check(narrative(t, div)); o != nil {
			t.Errorf("%s: %v", div, o)
		}
	}
}

// FuzzNarrative holds what passes against both parsers that may read it: it is well-formed XML, and an HTML parser, which a browser
// has, sees nothing in it that could run.
func FuzzNarrative(f *testing.F) {
	for _, c := range invalidCases(f) {
		if root, err := fhir.Parse(c.resource, fhir.DefaultLimits()); err == nil {
			if div := root.Get("text").Get("div").Text(); div != "" {
				f.Add(div)
			}
		}
	}
	f.Add(`<div xmlns="http://www.w3.org/1999/xhtml"><p title="a" class='b'>x &amp; <b>y</b><br/><!-- c --></p><a href="http://x/?a=1&amp;b">z</a><img src="data:image/png;base64,AA=="/></div>`)
	f.Add(`<div><p style="background:url(x.png)">&#160;</p><table><tr><td>x</td></tr></table></div>`)
	g := newGate(f)
	f.Fuzz(func(t *testing.T, div string) {
		if div == "" || g.Check(narrative(t, div)) != nil {
			return
		}
		div = strings.ToValidUTF8(div, "\ufffd") // as json.Marshal writes it
		d := xml.NewDecoder(strings.NewReader(div))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("not well-formed: %v\n%q", err, div)
			}
		}
		nodes, err := html.ParseFragment(strings.NewReader(div), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range nodes {
			harmless(t, n, div)
		}
	})
}

func harmless(t *testing.T, n *html.Node, div string) {
	if n.Type == html.ElementNode {
		switch n.Data {
		case "script", "style", "iframe", "object", "embed", "form", "input", "link", "meta", "base", "svg", "math", "template", "noscript":
			t.Fatalf("an HTML parser sees <%s> in %q", n.Data, div)
		}
		for _, a := range n.Attr {
			value := strings.ToLower(strings.Join(strings.FieldsFunc(a.Val, func(r rune) bool { return r <= ' ' }), ""))
			if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(value, "javascript:") || strings.HasPrefix(value, "vbscript:") {
				if a.Key == "href" || a.Key == "src" || a.Key == "cite" || a.Key == "longdesc" || strings.HasPrefix(a.Key, "on") {
					t.Fatalf("an HTML parser sees %s=%q in %q", a.Key, a.Val, div)
				}
			}
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		harmless(t, c, div)
	}
}
