package mongo

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/store/storetest"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// roundTrip encodes a text, has the driver look at it, and reads it back.
func roundTrip(t testing.TB, body string) bson.Raw {
	t.Helper()
	native, literals, err := appendNative(nil, body)
	if err != nil {
		t.Fatalf("%.200s: %v", body, err)
	}
	raw := bson.Raw(native)
	if err := raw.Validate(); err != nil {
		t.Fatalf("%.200s: %v", body, err)
	}
	back, err := decodeNative(native, literals)
	if err != nil || back != body {
		t.Fatalf("wrote %.300s\nread  %.300s, %v", body, back, err)
	}
	return raw
}

func TestNative(t *testing.T) {
	for name, body := range map[string]string{
		"empty":      `{}`,
		"order":      `{"resourceType":"Basic","z":1,"a":2,"m":[{"y":1},{"x":2}]}`,
		"words":      `{"a":true,"b":false,"c":[null,"x",null]}`,
		"integers":   `{"a":0,"b":-1,"c":2147483647,"d":2147483648,"e":-2147483649,"f":9223372036854775807,"g":9223372036854775808,"h":-0}`,
		"decimals":   `{"a":1.10,"b":0.000000000000000000001,"c":-0.0,"d":100.00,"e":0.10,"f":12345678901234567890.12345678901234,"g":9999999999999999999999999999999999}`,
		"exponents":  `{"a":1E+3,"b":1e3,"c":1.5E+2,"d":1E-7,"e":1e-400,"f":0E+10,"g":-2.50e-3,"h":1E-100}`,
		"too long":   `{"a":1.00000000000000000000000000000000001,"b":1e7000,"c":1e-7000,"d":1e99999999999999999999,"e":[123456789012345678901234567890123456789]}`,
		"escapes":    `{"a":"a\"b\\c\/d\be\ff\ng\rh\ti\u0041","b":"\ud83c\udfe5 🏥","c":"\u0000","d":"\u001f\u007f","e":"é\u00e9"}`,
		"names":      `{"$set":{"$gt":1},"a.b":{"c.d":1},"":2,"$":3,"a\u0000b":4,"_x":5,"\"q\"":6}`,
		"operators":  `{"resourceType":"Basic","extension":[{"$where":"1"},{"$numberDecimal":"1.0"},{"$oid":"x"}]}`,
		"collisions": `{"$a":1,"＄a":2,"a．b":{"a.b":1}}`,
	} {
		t.Run(name, func(t *testing.T) { roundTrip(t, body) })
	}
	raw := roundTrip(t, `{"a":1.10,"b":[1,{"c":"x"}],"d":true,"$e":"\u0041"}`)
	if d, ok := raw.Lookup("a").Decimal128OK(); !ok || d.String() != "1.10" {
		t.Errorf("1.10 has become %s", raw.Lookup("a"))
	}
	if n, ok := raw.Lookup("b", "0").Int32OK(); !ok || n != 1 {
		t.Errorf("an integer has become %s", raw.Lookup("b", "0"))
	}
	if text := raw.Lookup("\uff04e").StringValue(); text != "A" {
		t.Errorf("what is escaped without need has become %q", text)
	}
}

func TestNativeDepth(t *testing.T) {
	for _, depth := range []int{10, maxDepth - 1, maxDepth, maxDepth + 1, 500} {
		body := strings.Repeat(`{"a":[`, depth/2) + `"x\"}]"` + strings.Repeat(`]}`, depth/2)
		raw := roundTrip(t, body)
		deepest := 0
		for v := raw; ; deepest++ {
			inner, ok := v.Index(0).Value().DocumentOK()
			if !ok {
				if inner, ok = bson.Raw(v.Index(0).Value().Value), v.Index(0).Value().Type == bson.TypeArray; !ok {
					break
				}
			}
			v = inner
		}
		if deepest > maxDepth {
			t.Errorf("%d levels have become %d", depth, deepest)
		}
	}
}

// TestNativeRefuses: what is no canonical JSON is an error, and never a panic.
func TestNativeRefuses(t *testing.T) {
	for _, body := range []string{"", "1", "[]", "{", `{"a"`, `{"a":`, `{"a":}`, `{"a":1`, `{"a":1,}`, `{"a" :1}`, `{"a":tru}`, `{"a":"`, `{"a":"\`, `{"a":"\x"}`, `{"a":"\ud800"}`, `{"a":"\u12"}`, "{\"a\":\"\n\"}", `{"a":1}x`, `{"a":[}`, `{"a":-}`, `{a:1}`} {
		if native, literals, err := appendNative(nil, body); err == nil {
			t.Errorf("%s has become %s %v", body, bson.Raw(native), literals)
		}
	}
	good, _, err := appendNative(nil, `{"a":[1.5,"x"],"b":{"c":null}}`)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		for _, b := range []byte{0, 1, 5, 0x7f, 0xff} {
			bad := append([]byte(nil), good...)
			bad[i] = b
			_, _ = decodeNative(bad, nil)
			_, _ = decodeNative(good[:i], nil)
		}
	}
	if _, err := decodeNative(good, []literal{{99, "1"}}); err == nil {
		t.Error("a literal that stands nowhere was accepted")
	}
}

// TestNativeDecimals compares with what the driver's own decimals say.
func TestNativeDecimals(t *testing.T) {
	for _, text := range []string{"1.5", "-1.50", "0.001", "1e10", "1E-5", "9999999999999999999999999999999999", "0.1234567890123456789012345678901234", "18446744073709551616.0", "-0.00", "1e6111", "1e-6176"} {
		d, ok := parseDecimal(text)
		if !ok {
			t.Errorf("%s cannot be held", text)
			continue
		}
		want, err := bson.ParseDecimal128(text)
		if err != nil {
			t.Fatal(err)
		}
		high, low := d.bits()
		if wantHigh, wantLow := want.GetBytes(); high != wantHigh || low != wantLow {
			t.Errorf("%s is %016x%016x and not %016x%016x", text, high, low, wantHigh, wantLow)
		}
		if back, ok := decimalOf(high, low); !ok || back != d {
			t.Errorf("%s comes back as %+v", text, back)
		}
	}
}

func FuzzNative(f *testing.F) {
	for _, body := range []string{`{"resourceType":"Patient","id":"1","name":[{"family":"\u00e9"}]}`, `{"resourceType":"A","a":1.10e5,"$b":[[1,null]]}`, `{"resourceType":"A","x":-0.00}`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, _, _ = appendNative(nil, text)
		r, err := fhir.ParseResource(text, fhir.Limits{})
		if err != nil {
			return
		}
		roundTrip(t, r.Body())
	})
}

func FuzzDecode(f *testing.F) {
	native, _, _ := appendNative(nil, `{"a":[1.5,"x",null,true,12345678901],"b":{"c":null}}`)
	f.Add(native, int32(2), "1")
	f.Fuzz(func(_ *testing.T, native []byte, at int32, text string) {
		_, _ = decodeNative(native, []literal{{at, text}})
	})
}

// shared is a folder of test data that is not part of the project.
func shared(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED: ../shared/data/%s is not there", name)
	}
	return path
}

func gunzip(t testing.TB, path string) io.Reader {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// TestNativeExamples reads every example of R4 back to the byte.
func TestNativeExamples(t *testing.T) {
	storetest.Single(t)
	n := 0
	for r := tar.NewReader(gunzip(t, filepath.Join(shared(t, "r4-examples"), "r4-examples.tgz"))); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		resource, err := fhir.ParseResource(string(text), fhir.Limits{})
		if err != nil || h.Typeflag != tar.TypeReg {
			continue // an index of the archive, and what is no FHIR JSON
		}
		roundTrip(t, resource.Body())
		n++
	}
	if n < 720 {
		t.Errorf("%d examples", n)
	}
}

// synthea gives the resources of every nth file of a clinic's records.
func synthea(t testing.TB, every int) (list []*fhir.Resource) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(shared(t, "synthea"), "*.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(files); i += every {
		text, err := io.ReadAll(gunzip(t, files[i]))
		if err != nil {
			t.Fatal(err)
		}
		root, err := fhir.Parse(string(text), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for e := range root.Each("entry") {
			r, err := fhir.NewResource(e.Get("resource"))
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, r)
		}
	}
	return list
}

func TestNativeSynthea(t *testing.T) {
	storetest.Single(t)
	for _, r := range synthea(t, 1) {
		roundTrip(t, r.Body())
	}
}

func BenchmarkEncode(b *testing.B) {
	list := synthea(b, 100)
	size := int64(0)
	for _, r := range list {
		size += int64(len(r.Body()))
	}
	b.SetBytes(size)
	b.ReportAllocs()
	var buf []byte
	for b.Loop() {
		for _, r := range list {
			var err error
			if buf, _, err = appendNative(buf[:0], r.Body()); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	var natives [][]byte
	size := int64(0)
	for _, r := range synthea(b, 100) {
		native, literals, err := appendNative(nil, r.Body())
		if err != nil || len(literals) > 0 {
			continue
		}
		natives, size = append(natives, native), size+int64(len(r.Body()))
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for _, n := range natives {
			if _, err := decodeNative(n, nil); err != nil {
				b.Fatal(err)
			}
		}
	}
}
