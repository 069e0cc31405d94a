package ucum_test

import (
	"strings"
	"testing"

	"andiron.dev/search/ucum"
)

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ucum.Decode(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCanonical has codes that observations have; U/L and the like end in a division that rounds.
func BenchmarkCanonical(b *testing.B) {
	units := decode(b)
	value := number(b, "98.6")
	for _, code := range []string{"mg", "mg/dL", "mmol/L", "mm[Hg]", "{score}", "/min", "U/L", "Cel", "[degF]", "[iU]/mL"} {
		b.Run(strings.ReplaceAll(code, "/", "_per_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, ok := units.Canonical(value, code); !ok {
					b.Fatal(code)
				}
			}
		})
	}
}

func BenchmarkConvert(b *testing.B) {
	units := decode(b)
	value := number(b, "98.6")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := units.Convert(value, "mg/dL", "g/L"); !ok {
			b.Fatal("no conversion")
		}
	}
}

// BenchmarkParse reads codes that have not been seen.
func BenchmarkParse(b *testing.B) {
	units := decode(b)
	codes := make([]string, 4096) // more than are remembered
	for i := range codes {
		codes[i] = "mg/dL{" + strings.Repeat("x", i%64) + strings.Repeat("y", i/64) + "}"
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if err := units.Valid(codes[i%len(codes)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
