package fhir

import (
	"errors"
	"runtime"
	"strconv"
	"strings"
)

// Recovered makes an Internal error of what recover has returned; nil for nil. Its cause names the functions that led to
// the panic, innermost first, but not the value: that may hold patient data. It must be called by the deferred function itself.
func Recovered(value any) error {
	if value == nil {
		return nil
	}
	pcs := make([]uintptr, 48)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	var b strings.Builder
	b.WriteString("panic at ")
	for first := true; ; {
		f, more := frames.Next()
		if f.Function != "" && !strings.HasPrefix(f.Function, "runtime.") {
			if !first {
				b.WriteString(" < ")
			}
			b.WriteString(f.Function + ":" + strconv.Itoa(f.Line))
			first = false
		}
		if !more {
			return Internal(errors.New(b.String()))
		}
	}
}
