package spec_test

import (
	"flag"
	"testing"

	"andiron.dev/conformance/spec"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the responses into the exchange files")
	m.Run()
}

func TestHTTP(t *testing.T) { spec.Run(t, "http/*.http") }
