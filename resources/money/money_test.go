package money_test

import (
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/resources/money"
	"andiron.dev/search/ucum"
)

func decimal(t *testing.T, text string) money.Decimal {
	t.Helper()
	d, err := money.ParseDecimal(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return d
}

func amount(t *testing.T, text, currency string) money.Money {
	t.Helper()
	m, err := money.Parse(text, currency)
	if err != nil {
		t.Fatalf("%s %s: %v", text, currency, err)
	}
	return m
}

func TestRound(t *testing.T) {
	for _, test := range [][3]string{
		{"1.005", "USD", "1.01"}, {"1.004999", "USD", "1.00"}, {"-1.005", "USD", "-1.01"}, {"2.675", "EUR", "2.68"}, {"0.5", "JPY", "1"}, {"-0.5", "JPY", "-1"},
		{"1.0005", "KWD", "1.001"}, {"120.00", "USD", "120.00"}, {"120", "USD", "120.00"}, {"-0.001", "USD", "0.00"}, {"1e3", "USD", "1000.00"}, {"0.00005", "CLF", "0.0001"},
		{"999.9", "JPY", "1000"}, {"2.5", "JPY", "3"}, {"-2.5", "JPY", "-3"}, {"0.0005", "BHD", "0.001"}, {"-0.0005", "BHD", "-0.001"}, {"0.00049", "BHD", "0.000"}, {"0.125", "XCG", "0.13"}, {"-0", "USD", "0.00"},
		{"1E-2", "USD", "0.01"}, {"0.5e-2", "USD", "0.01"},
		{"9999999999999999999999999999999.995", "USD", "10000000000000000000000000000000.00"},
	} {
		if got := amount(t, test[0], test[1]).Round().Amount().String(); got != test[2] {
			t.Errorf("%s %s is rounded to %s, want %s", test[0], test[1], got, test[2])
		}
	}
	if got := amount(t, "120.00", "USD").Amount().String(); got != "120.00" {
		t.Errorf("the digits are lost: %s", got)
	}
}

func TestWhatIsNoMoney(t *testing.T) {
	for _, text := range []string{"", "x", "NaN", "Infinity", "1,5", "0x10", "1e99", "1e-99", "12345678901234567890123456789012345", "--1", "e", ".", "+1", ".5", "1.", "01", "00.5", "-", "1e", "1e+", "1e1.5", "1 ", " 1", "1-1", "-.5"} {
		if _, err := money.Parse(text, "USD"); fhir.CodeOf(err) != fhir.Value {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, currency := range []string{"", "usd", "US", "USDX", "XXX", "XAU", "D A", "SD ", "\t\tC"} {
		if _, err := money.Zero(currency); fhir.CodeOf(err) != fhir.CodeInvalid {
			t.Errorf("%q: %v", currency, err)
		}
	}
	if _, err := amount(t, "1", "USD").Add(amount(t, "1", "EUR")); fhir.CodeOf(err) != fhir.BusinessRule || fhir.AsOutcome(err).Issues[0].Detail != "currency-mismatch" {
		t.Errorf("USD and EUR: %v", err)
	}
	usd, eur := amount(t, "1", "USD"), amount(t, "1", "EUR")
	_, sub := usd.Sub(eur)
	_, cmp := usd.Cmp(eur)
	_, sum := money.Sum("USD", usd, usd, eur)
	for what, err := range map[string]error{"the difference": sub, "the order": cmp, "the sum": sum} {
		if fhir.CodeOf(err) != fhir.BusinessRule || fhir.AsOutcome(err).Issues[0].Detail != "currency-mismatch" {
			t.Errorf("%s of USD and EUR: %v", what, err)
		}
	}
	if total, err := money.Sum("KWD"); err != nil || total.Amount().String() != "0.000" {
		t.Errorf("the sum of nothing: %v %v", total, err)
	}
	root, err := fhir.Parse(`{"resourceType":"Invoice","totalNet":{"value":1.50,"currency":"USD"},"totalGross":{"value":1}}`, fhir.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	m, err := money.Of(root.Get("totalNet"))
	w := fhir.NewWriter(64)
	m.Write(w)
	if got := string(w.Take()); err != nil || got != `{"value":1.50,"currency":"USD"}` {
		t.Errorf("%s %v", got, err)
	}
	if _, err := money.Of(root.Get("totalGross")); fhir.CodeOf(err) != fhir.Required || fhir.AsOutcome(err).Issues[0].Expression[0] != "Invoice.totalGross.currency" {
		t.Errorf("without a currency: %v", err)
	}
}

// TestPrices are the golden prices of the design (golden/prices_claims_scores.py): every component is rounded, totals are sums.
func TestPrices(t *testing.T) {
	type component struct {
		kind, unit string // amount or factor
		value      string
	}
	price := func(base, quantity string, list ...component) []string {
		first := amount(t, base, "USD").Times(decimal(t, quantity))
		out, total := []string{first.Amount().String()}, first
		of := first
		for _, kind := range []string{"surcharge", "discount", "tax"} {
			for _, c := range list {
				if c.kind != kind {
					continue
				}
				a := of.Times(decimal(t, c.value))
				if c.unit == "amount" {
					a = amount(t, c.value, "USD").Times(decimal(t, quantity))
				}
				if kind == "discount" {
					a = a.Neg()
				}
				out = append(out, a.Amount().String())
				sum, err := total.Add(a)
				if err != nil {
					t.Fatal(err)
				}
				total = sum
			}
			of = total
		}
		return append(out, total.Amount().String())
	}
	for i, test := range []struct{ got, want []string }{
		{price("120.00", "1", component{"surcharge", "factor", "0.25"}, component{"discount", "factor", "0.10"}, component{"tax", "factor", "0.07"}), []string{"120.00", "30.00", "-15.00", "9.45", "144.45"}},
		{price("3.333", "3", component{"tax", "factor", "0.07"}), []string{"10.00", "0.70", "10.70"}},
		{price("85.50", "4", component{"discount", "amount", "5.00"}, component{"tax", "factor", "0.07"}), []string{"342.00", "-20.00", "22.54", "344.54"}},
	} {
		for k := range test.want {
			if len(test.got) != len(test.want) || test.got[k] != test.want[k] {
				t.Errorf("price%d: %v, want %v", i+1, test.got, test.want)
				break
			}
		}
	}
}

func TestQuantities(t *testing.T) {
	units, err := ucum.Decode()
	if err != nil {
		t.Fatal(err)
	}
	q := func(value, code string) money.Quantity {
		return money.Quantity{Value: decimal(t, value), System: money.UCUM, Code: code}
	}
	for _, test := range []struct {
		a, b money.Quantity
		want int
	}{{q("1", "g"), q("1000", "mg"), 0}, {q("1.0", "L"), q("999.99", "mL"), 1}, {q("1", "h"), q("61", "min"), -1}, {q("10", "{tablet}"), q("10.0", "{tablet}"), 0}} {
		if got, err := test.a.Cmp(units, test.b); err != nil || got != test.want {
			t.Errorf("%v and %v: %d %v", test.a, test.b, got, err)
		}
	}
	for _, other := range []money.Quantity{q("1", "mL"), q("1", "nonsense"), {Value: decimal(t, "1"), Code: "g"}, {Value: decimal(t, "1")}} {
		if _, err := q("1", "g").Cmp(units, other); fhir.CodeOf(err) != fhir.Value {
			t.Errorf("g and %s: %v", other.Code, err)
		}
	}
	if got, err := q("1.5", "g").In(units, q("0", "mg")); err != nil || got.Value.Cmp(decimal(t, "1500")) != 0 || got.Code != "mg" {
		t.Errorf("%v %v", got, err)
	}
}
