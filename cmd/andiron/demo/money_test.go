package demo_test

import (
	"math/big"
	"strings"
	"testing"

	"andiron.dev/fhir"
)

// amount reads a decimal exactly: money never goes through a float.
func amount(text string) *big.Rat {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return new(big.Rat)
	}
	return r
}

// cents rounds half up, away from zero.
func cents(r *big.Rat) *big.Rat { return amount(r.FloatString(2)) }

func sum(list ...*big.Rat) *big.Rat {
	total := new(big.Rat)
	for _, r := range list {
		total.Add(total, r)
	}
	return total
}

func times(a, b *big.Rat) *big.Rat { return new(big.Rat).Mul(a, b) }

func least(a, b *big.Rat) *big.Rat {
	if a.Cmp(b) < 0 {
		return a
	}
	return b
}

// TestPrices applies the definitions as §9.3 says and finds the golden prices of BIL-1 and the invoice of BIL-4.
func TestPrices(t *testing.T) {
	h := open(t)
	late, claimed := `"occurrenceDateTime":"2026-03-01T19:30:00-05:00"`, `"supportingInformation":[{"reference":"Claim/1"}]`
	for _, c := range []struct{ what, definition, quantity, more, net, gross string }{
		{"BIL-1 after hours, self-pay", "cid-office", "1", late, "135.00", "144.45"},
		{"BIL-1 tablets", "cid-para", "3", "", "10.00", "10.70"},
		{"BIL-1 dressings", "cid-dressing", "4", "", "322.00", "344.54"},
		{"by day, self-pay", "cid-office", "1", `"occurrenceDateTime":"2026-03-03T09:00:00-05:00"`, "108.00", "115.56"},
		{"at seven, a Period", "cid-office", "1", `"occurrencePeriod":{"start":"2026-03-03T07:15:00-05:00"}`, "135.00", "144.45"},
		// What the insurer of golden A is sent: 150.00 and 90.00.
		{"CLM-4 after hours, claimed", "cid-office", "1", late + "," + claimed, "150.00", "160.50"},
		{"CLM-4 electrocardiogram", "cid-ecg", "1", claimed, "90.00", "90.00"},
		{"BIL-23", "cid-bedday", "3", "", "900.00", "900.00"},
	} {
		t.Run(c.what, func(t *testing.T) {
			item := `{"resourceType":"ChargeItem","status":"billable","code":{"text":"x"},"subject":{"reference":"Patient/pat-ana"}`
			if c.more != "" {
				item += "," + c.more
			}
			net, gross := h.price(t, c.definition, parse(t, item+"}"), amount(c.quantity))
			if net.FloatString(2) != c.net || gross.FloatString(2) != c.gross {
				t.Errorf("net %s, gross %s; want %s and %s", net.FloatString(2), gross.FloatString(2), c.net, c.gross)
			}
		})
	}
}

func (h *hospital) price(t *testing.T, definition string, item fhir.Element, quantity *big.Rat) (net, gross *big.Rat) {
	t.Helper()
	components := map[string][]fhir.Element{}
	for group := range h.byRef["ChargeItemDefinition/"+definition].Each("propertyGroup") {
		applies := true
		for a := range group.Each("applicability") {
			applies = applies && h.eval(t, item, a.Get("expression").Text()) == "true"
		}
		for c := range group.Each("priceComponent") {
			if applies {
				components[c.Get("type").Text()] = append(components[c.Get("type").Text()], c)
			}
		}
	}
	total := func(kind string, base *big.Rat) *big.Rat {
		all := new(big.Rat)
		for _, c := range components[kind] {
			if factor := c.Get("factor"); factor.Exists() {
				all = sum(all, cents(times(base, amount(factor.Text()))))
			} else {
				all = sum(all, cents(times(quantity, amount(c.Get("amount").Get("value").Text()))))
			}
		}
		return all
	}
	base := total("base", nil)
	subtotal := sum(base, total("surcharge", base))
	net = sum(subtotal, new(big.Rat).Neg(total("discount", subtotal)))
	return net, sum(net, total("tax", net))
}

// TestAdjudication adjudicates golden A of §10.4 with the fixture's plan, fees and accumulators.
func TestAdjudication(t *testing.T) {
	h := open(t)
	taken := func(categories string) *big.Rat {
		total := new(big.Rat)
		for _, text := range strings.Split(h.ask(t, "", "entry.resource.ofType(ExplanationOfBenefit).where(insurance.coverage.reference = 'Coverage/cov-ana')"+
			".item.adjudication.where("+categories+").select(amount.value.toString())"), ",") {
			total = sum(total, amount(text))
		}
		return total
	}
	limit := func(code string) *big.Rat {
		return amount(h.ask(t, "InsurancePlan/plan-silver", "plan.generalCost.where(type.coding.code = '"+code+"').cost.value"))
	}
	minus := func(a, b *big.Rat) *big.Rat { return new(big.Rat).Sub(a, b) }
	deductible := minus(limit("deductible"), taken("category.coding.code = 'deductible'"))
	outOfPocket := minus(limit("maxoutofpocket"), taken("category.coding.code in ('deductible' | 'copay' | 'coinsurance')"))
	if deductible.FloatString(2) != "70.00" || outOfPocket.FloatString(2) != "1500.00" {
		t.Fatalf("deductible left %s, out of pocket left %s", deductible.FloatString(2), outOfPocket.FloatString(2))
	}
	plan := func(expression string) *big.Rat {
		return amount(h.ask(t, "InsurancePlan/plan-silver", "plan.specificCost.where(category.coding.code = '1').benefit."+expression+".value.value"))
	}
	coinsurance := times(plan("where(type.coding.code = 'benefit').cost.where(type.coding.code = 'copaypct')"), big.NewRat(1, 100))
	benefit, member, contractual := new(big.Rat), new(big.Rat), new(big.Rat)
	for _, item := range []struct{ code, submitted, copay, benefit string }{
		{"99213", "150.00", "where(type.coding.code = 'office').cost.where(type.coding.code = 'gpvisit')", "20.00"},
		{"93000", "90.00", "", "64.00"},
		{"15824", "200.00", "", "0.00"},
	} {
		submitted := amount(item.submitted)
		if h.ask(t, "ValueSet/silver-exclusions", "compose.include.concept.where(code = '"+item.code+"').exists()") == "true" {
			member = sum(member, submitted)
			continue
		}
		eligible := least(submitted, amount(h.ask(t, "ConceptMap/silver-fees", "group.element.where(code = '"+item.code+"').target.code")))
		copay := new(big.Rat)
		if item.copay != "" {
			copay = least(plan(item.copay), eligible)
		}
		fromDeductible := least(deductible, minus(eligible, copay))
		deductible = minus(deductible, fromDeductible)
		liability := sum(copay, fromDeductible, cents(times(coinsurance, minus(eligible, sum(copay, fromDeductible)))))
		if got := minus(eligible, liability).FloatString(2); got != item.benefit {
			t.Errorf("%s: benefit %s, want %s", item.code, got, item.benefit)
		}
		benefit, member, contractual = sum(benefit, minus(eligible, liability)), sum(member, liability), sum(contractual, minus(submitted, eligible))
	}
	if got := benefit.FloatString(2) + " " + member.FloatString(2) + " " + contractual.FloatString(2); got != "84.00 316.00 40.00" {
		t.Errorf("benefit, member, contractual: %s", got)
	}
}
