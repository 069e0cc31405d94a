package demo_test

import (
	"math"
	"math/big"
	"strings"
	"testing"
	"time"
)

// movement is what a ledger entry says.
type movement struct {
	day, lot, reason string
	quantity         *big.Rat // negative when stock goes out
}

func (h *hospital) ledger(t *testing.T) []movement {
	t.Helper()
	const report = "http://hl7.org/fhir/5.0/StructureDefinition/extension-InventoryReport."
	var list []movement
	for _, r := range h.all("Basic") {
		if h.eval(t, r, "code.coding.code") != "InventoryReport" {
			continue
		}
		fields := strings.Split(h.eval(t, r, "extension('"+report+"reportedDateTime').value.toString().substring(0, 10)"+
			".combine(extension('http://hl7.org/fhir/5.0/StructureDefinition/extension-InventoryItem.instance').extension('lotNumber').value)"+
			".combine(extension('"+report+"operationTypeReason').value.coding.code)"+
			".combine(extension('"+report+"inventoryListing').extension('item').extension('quantity').value.value)"+
			".combine(extension('"+report+"operationType').value.coding.code)"), ",")
		if len(fields) != 5 {
			t.Fatalf("%s: %v", nameOf(r), fields)
		}
		m := movement{fields[0], fields[1], fields[2], amount(fields[3])}
		if fields[4] == "subtraction" {
			m.quantity.Neg(m.quantity)
		}
		list = append(list, m)
	}
	return list
}

// TestLedgerAgreesWithPositions: invariant I1 of §11.1, on-hand is the sum of the ledger.
func TestLedgerAgreesWithPositions(t *testing.T) {
	h := open(t)
	lots := map[string]*big.Rat{}
	for _, m := range h.ledger(t) {
		if lots[m.lot] == nil {
			lots[m.lot] = new(big.Rat)
		}
		lots[m.lot].Add(lots[m.lot], m.quantity)
	}
	if len(lots) != 3 {
		t.Errorf("%d lots", len(lots))
	}
	for lot, total := range lots {
		onHand := h.ask(t, "Basic/pos-para-pharm-"+strings.ToLower(lot), part("stock-quantity", "onHand")+".value")
		if total.Cmp(amount(onHand)) != 0 {
			t.Errorf("lot %s: the ledger says %s, the position %s", lot, total.FloatString(0), onHand)
		}
	}
}

// TestUsage: 90 days with a mean of 12 and a (sample) standard deviation of 4, from which §11.2 reorders 150.
func TestUsage(t *testing.T) {
	h := open(t)
	days := map[string]float64{}
	for _, m := range h.ledger(t) {
		if m.reason == "consumption" {
			used, _ := m.quantity.Float64()
			days[m.day] -= used
		}
	}
	const n = 90
	var total, squares float64
	for i := range n { // the 90 days before the clock's 2026-03-02
		day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -i).Format(time.DateOnly)
		total += days[day]
		squares += days[day] * days[day]
		delete(days, day)
	}
	if len(days) != 0 {
		t.Errorf("usage on other days: %v", days)
	}
	mean := total / n
	deviation := math.Sqrt((squares - n*mean*mean) / (n - 1))
	if mean != 12 || deviation != 4 {
		t.Errorf("mean %v, standard deviation %v", mean, deviation)
	}
	rule := func(name string) float64 {
		v, _ := amount(h.ask(t, "Basic/item-para", part("stock-policy", name)+".value")).Float64()
		return v
	}
	reach := func(days float64) float64 { return mean*days + rule("serviceLevelZ")*deviation*math.Sqrt(days) }
	if point := math.Ceil(reach(rule("leadTimeDays"))); point != rule("reorderPoint") {
		t.Errorf("reorder point %v, the policy says %v", point, rule("reorderPoint"))
	}
	target := reach(rule("leadTimeDays") + rule("reviewDays"))
	if order := math.Ceil((target-60)/rule("packSize")) * rule("packSize"); math.Abs(target-166.794) > 0.001 || order != 150 {
		t.Errorf("target %v, with 60 left order %v", target, order)
	}
}
