package terminology

import (
	"context"
	"strings"
)

// implied is a value set that its URL defines, as SNOMED CT's do (http://hl7.org/fhir/R4/snomedct.html#implicit).
type implied struct {
	system string
	root   string // the concept that subsumes all codes of the set; "" = all codes of the system
}

const (
	snomed       = "http://snomed.info/sct"
	snomedPrefix = snomed + "?fhir_vs"
)

// impliedBy reads the URLs "…?fhir_vs" and "…?fhir_vs=isa/[sctid]"; nil for any other. Reference sets are no hierarchy.
func impliedBy(url string) *implied {
	rest, ok := strings.CutPrefix(url, snomedPrefix)
	if !ok {
		return nil
	}
	if rest == "" {
		return &implied{system: snomed}
	}
	if root, ok := strings.CutPrefix(rest, "=isa/"); ok && root != "" {
		return &implied{system: snomed, root: root}
	}
	return nil
}

func (e *Evaluator) expandImplied(ctx context.Context, i *implied) (*Codes, error) {
	if i.root == "" {
		return e.wholeSystem(ctx, i.system, "")
	}
	return e.related(ctx, Coding{i.system, i.root}, (*concept).below)
}
