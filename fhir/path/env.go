package path

import (
	"context"
	"time"

	"andiron.dev/fhir"
)

// Env is what an expression may ask of its surroundings. The zero Env is usable: what needs a missing hook gives
// nothing (http://hl7.org/fhir/R4/fhirpath.html#functions).
type Env struct {
	Now        func() time.Time // now(), today() and timeOfDay(), asked once an evaluation; time.Now when nil
	Resolve    Resolver
	Units      Units
	ConformsTo Judge // conformsTo(profile); the definitions of R4's own types need no hook
	MemberOf   Judge // memberOf(valueSet)
	Subsumes   func(ctx context.Context, code, other Value) (result, known bool, err error)
	Trace      func(name string, items []Value) // items are valid only during the call
	Variables  map[string][]Value               // %name
	Limits     Limits
}

// Resolver finds the resource that a reference names, for resolve(). An absent Element means that there is none.
// References inside the document (contained resources, entries of a Bundle) never reach it.
type Resolver func(ctx context.Context, reference string) (fhir.Element, error)

// Judge answers whether a value conforms to a profile or is in a value set. known is false when there is no telling.
type Judge func(ctx context.Context, v Value, url string) (result, known bool, err error)

// Limits bounds what an evaluation may cost. A zero field means the default.
type Limits struct {
	Steps int // values visited or compared; 5,000,000
	Items int // values held at once; 200,000
	Bytes int // text produced, in all; 16 MiB
}

func (l Limits) orDefault() Limits {
	if l.Steps == 0 {
		l.Steps = 5_000_000
	}
	if l.Items == 0 {
		l.Items = 200_000
	}
	if l.Bytes == 0 {
		l.Bytes = 16 << 20
	}
	return l
}
