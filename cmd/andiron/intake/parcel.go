package intake

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"

	"andiron.dev/fhir"
)

// parcel is what is sent as one transaction.
type parcel struct {
	file  file
	bytes int64 // of the file on disk that the parcel stands for; 0 except for the last parcel of a file
	// Either the file is read by the worker, or these lines of NDJSON have been read already.
	lines []line
}

// line is one line of NDJSON.
type line struct {
	number int
	text   []byte
}

// linesPerParcel is how many lines share a transaction: enough to make commits cheap, few enough to be sent again one by
// one when one of them is refused.
const linesPerParcel = 250

// maxLine bounds a line of NDJSON.
const maxLine = 64 << 20

// parcels sends the parcels of all files to out, until ctx ends.
func parcels(ctx context.Context, files []file, out chan<- parcel, unreadable func(file, error)) {
	defer close(out)
	for _, f := range files {
		if !f.ndjson {
			if !send(ctx, out, parcel{file: f, bytes: f.size}) {
				return
			}
			continue
		}
		if err := splitLines(ctx, f, out); err != nil {
			unreadable(f, err)
		}
	}
}

func send(ctx context.Context, out chan<- parcel, p parcel) bool {
	select {
	case out <- p:
		return true
	case <-ctx.Done():
		return false
	}
}

func splitLines(ctx context.Context, f file, out chan<- parcel) error {
	r, c, err := f.open()
	if err != nil {
		return err
	}
	defer c.Close()
	scan := bufio.NewScanner(r)
	scan.Buffer(make([]byte, 64<<10), maxLine)
	p := parcel{file: f}
	for number := 1; scan.Scan(); number++ {
		text := bytes.TrimSpace(scan.Bytes())
		if len(text) == 0 {
			continue
		}
		p.lines = append(p.lines, line{number, bytes.Clone(text)})
		if len(p.lines) == linesPerParcel {
			if !send(ctx, out, p) {
				return nil
			}
			p = parcel{file: f}
		}
	}
	p.bytes = f.size
	if err := scan.Err(); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	send(ctx, out, p)
	return nil
}

// bundle is a transaction to send, with what is needed to name its entries in a report.
type bundle struct {
	key    string // made of the content: the same bundle has the same key
	text   []byte
	types  []string // resource type of each entry
	places []string // "Bundle.entry[3]" or "line 17"
}

// bundle makes the transaction of a parcel. salt tells deliberate repetitions apart.
func (p *parcel) bundle(salt string) (*bundle, error) {
	if p.lines != nil {
		return bundleOfLines(p.lines, p.file, salt)
	}
	data, err := p.file.read()
	if err != nil {
		return nil, err
	}
	return bundleOfDocument(data, salt)
}

func keyOf(salt string, parts ...[]byte) string {
	h := sha256.New()
	io.WriteString(h, salt+"\n")
	for _, part := range parts {
		io.WriteString(h, strconv.Itoa(len(part))+":")
		h.Write(part)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// documentLimits are generous: whoever may run the program owns the machine.
func documentLimits() fhir.Limits { return fhir.Limits{Depth: 100} }

// bundleOfDocument takes a transaction as it is; a batch becomes one, and so does any other Bundle or a single resource:
// what has an id is updated under that id, the rest is created.
func bundleOfDocument(data []byte, salt string) (*bundle, error) {
	root, err := fhir.Parse(string(data), documentLimits())
	if err != nil {
		return nil, err
	}
	typ, err := fhir.TypeOf(root)
	if err != nil {
		return nil, err
	}
	b := &bundle{key: keyOf(salt, data), text: data}
	if typ != "Bundle" {
		b.types, b.places = []string{typ}, []string{typ}
		b.text = transactionOf([]fhir.Element{root})
		return b, nil
	}
	var resources []fhir.Element
	for entry := range root.Each("entry") {
		resource := entry.Get("resource")
		name := resource.Get("resourceType").Text()
		if name == "" {
			name = entry.Get("request").Get("method").Text()
		}
		b.types = append(b.types, name)
		b.places = append(b.places, fmt.Sprintf("Bundle.entry[%d]", len(b.places)))
		resources = append(resources, resource)
	}
	switch root.Get("type").Text() {
	case "transaction":
	case "batch":
		w := fhir.NewWriter(len(data))
		w.Object()
		for property := root.First(); property.Exists(); property = property.Next() {
			if property.Name() == "type" {
				w.Name("type").String("transaction")
			} else {
				w.Name(property.Name()).Element(property)
			}
		}
		w.EndObject()
		b.text = w.Take()
	default:
		b.text = transactionOf(resources)
	}
	return b, nil
}

// bundleOfLines makes a transaction of lines of NDJSON.
func bundleOfLines(lines []line, f file, salt string) (*bundle, error) {
	b := &bundle{}
	var resources []fhir.Element
	parts := [][]byte{}
	for _, l := range lines {
		root, err := fhir.Parse(string(l.text), documentLimits())
		if err == nil {
			var typ string
			if typ, err = fhir.TypeOf(root); err == nil {
				b.types = append(b.types, typ)
			}
		}
		if err != nil {
			return nil, fhir.AsOutcome(err)
		}
		// The same line twice in a file means two resources, unless it has an id.
		parts = append(parts, []byte(strconv.Itoa(l.number)), l.text)
		b.places = append(b.places, "line "+strconv.Itoa(l.number))
		resources = append(resources, root)
	}
	b.key = keyOf(salt, parts...)
	b.text = transactionOf(resources)
	return b, nil
}

// transactionOf writes a transaction of resources.
func transactionOf(resources []fhir.Element) []byte {
	w := fhir.NewWriter(1 << 10)
	w.Object().Name("resourceType").String("Bundle").Name("type").String("transaction")
	if len(resources) > 0 {
		w.Name("entry").Array()
	}
	for _, r := range resources {
		typ, id := r.Get("resourceType").Text(), r.Get("id").Text()
		w.Object().Name("resource").Element(r)
		w.Name("request").Object()
		if id != "" {
			w.Name("method").String("PUT").Name("url").String(typ + "/" + id)
		} else {
			w.Name("method").String("POST").Name("url").String(typ)
		}
		w.EndObject().EndObject()
	}
	if len(resources) > 0 {
		w.EndArray()
	}
	return w.EndObject().Take()
}
