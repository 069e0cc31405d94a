package smart

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// The code systems of security labels.
const (
	confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
	sensitivity     = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
)

// restricted are the labels that keep a resource from whoever has not been cleared for them: confidentiality above normal, and the
// sensitivities of http://terminology.hl7.org/ValueSet/v3-InformationSensitivityPolicy.
func restricted() []string {
	return []string{
		confidentiality + "|R", confidentiality + "|V",
		sensitivity + "|ETH", sensitivity + "|ETHUD", sensitivity + "|OPIOIDUD", sensitivity + "|SUD", sensitivity + "|GDIS", sensitivity + "|HIV",
		sensitivity + "|MST", sensitivity + "|PREGNANT", sensitivity + "|SCA", sensitivity + "|SDV", sensitivity + "|SEX", sensitivity + "|SPI",
		sensitivity + "|BH", sensitivity + "|COGN", sensitivity + "|DVD", sensitivity + "|EMOTDIS", sensitivity + "|MH", sensitivity + "|PSY",
		sensitivity + "|PSYTHPN", sensitivity + "|STD", sensitivity + "|TBOO", sensitivity + "|VIO", sensitivity + "|IDS", sensitivity + "|SICKLE",
	}
}

// closed are the labels that the principal has not been cleared for. A client that acts for itself under no role has been cleared for
// all by whoever registered it.
func (a *access) closed() []string {
	p := a.who
	if a.trusted() {
		return nil
	}
	if len(p.Clearance) == 0 {
		return a.guard.restricted
	}
	return slices.DeleteFunc(slices.Clone(a.guard.restricted), func(label string) bool {
		_, code, _ := strings.Cut(label, "|")
		return slices.Contains(p.Clearance, code) || slices.Contains(p.Clearance, label) || code == "R" && slices.Contains(p.Clearance, "V")
	})
}

// trusted reports whether a client acts for itself, under no role and for no patient: it is the hospital's own.
func (a *access) trusted() bool {
	return a.who.IsClient() && len(a.who.Roles) == 0 && a.who.Patient == ""
}

// labelled bars what has labels that the principal has not been cleared for. Whose glass was broken is open whatever its labels.
func (a *access) labelled(f *filter, typ string) error {
	closed := a.closed()
	if len(closed) == 0 || mutated() == hookLabels {
		return nil
	}
	unlabelled, err := a.guard.unlabelled(typ, closed)
	if err != nil {
		return err
	}
	if a.who.BreakGlass != "" {
		record, err := a.guard.member(typ, a.who.BreakGlass)
		if err != nil {
			return err
		}
		if record != nil {
			unlabelled = a.guard.labelBar(typ, search.Or{unlabelled.where, record})
		}
	}
	f.bars = append(f.bars, unlabelled)
	return nil
}

// maxLabelBars bounds the bars that are kept: there is one for each type and set of clearances that is in use.
const maxLabelBars = 5000

// unlabelled is the bar for what has any of some labels.
func (g *Guard) unlabelled(typ string, closed []string) (bar, error) {
	key := typ + " " + strings.Join(closed, " ")
	if known, ok := g.labels.Load(key); ok {
		return known.(bar), nil
	}
	// The codes of labels hold nothing that has to be escaped.
	bears, err := g.criterion(typ, fhir.Params{{Name: "_security", Value: strings.Join(closed, ",")}})
	if err != nil {
		return bar{}, err
	}
	b := g.labelBar(typ, &search.Not{Expr: bears})
	if g.labelled.Add(1) <= maxLabelBars {
		g.labels.Store(key, b)
	}
	return b, nil
}

func (g *Guard) labelBar(typ string, where search.Expr) bar {
	match := g.config.Params.Matcher(typ, where)
	return bar{where: where, passes: func(r *fhir.Resource) bool { return !mayBeLabelled(r.Body()) || match.Match(r, nil) }}
}

// mayBeLabelled looks for labels in the text, which nearly no resource has: it spares reading it.
func mayBeLabelled(body string) bool {
	return strings.Contains(body, `"security"`) || strings.Contains(body, `\u`)
}

// labelsOf are the restricted labels of a resource, in order.
func (g *Guard) labelsOf(r *fhir.Resource) (labels []string) {
	if r == nil || !mayBeLabelled(r.Body()) {
		return nil
	}
	for label := range r.Root().Get("meta").Each("security") {
		if text := label.Get("system").Text() + "|" + label.Get("code").Text(); slices.Contains(g.restricted, text) {
			labels = append(labels, text)
		}
	}
	slices.Sort(labels)
	return slices.Compact(labels)
}
