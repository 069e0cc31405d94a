package money_test

import (
	"testing"

	"andiron.dev/resources/money"
)

// TestExponents: each currency has the digits of ISO 4217, and a sum of rounded amounts is what is shown, to the last digit.
func TestExponents(t *testing.T) {
	for currency, want := range map[string]int{
		"USD": 2, "EUR": 2, "GBP": 2, "CHF": 2, "INR": 2, "MGA": 2, "MRU": 2, "ZWG": 2, "XCG": 2,
		"JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "VND": 0, "UGX": 0, "XAF": 0, "XOF": 0, "XPF": 0,
		"KWD": 3, "BHD": 3, "IQD": 3, "JOD": 3, "LYD": 3, "OMR": 3, "TND": 3, "CLF": 4, "UYW": 4,
	} {
		if got, ok := money.Exponent(currency); !ok || got != want {
			t.Errorf("%s: %d %v, want %d", currency, got, ok, want)
		}
	}
	thirds := make([]money.Money, 3)
	for i := range thirds {
		thirds[i] = amount(t, "100", "USD").Times(decimal(t, "0.333333"))
	}
	if total, err := money.Sum("USD", thirds...); err != nil || total.Amount().String() != "99.99" {
		t.Errorf("%v %v", total, err)
	}
	tenth := amount(t, "0.1", "USD") // three of which are not 0.3 in floating point
	total, err := money.Sum("USD", tenth, tenth, tenth)
	if err != nil {
		t.Fatal(err)
	}
	if order, err := total.Cmp(amount(t, "0.30", "USD")); err != nil || order != 0 {
		t.Errorf("%v %v", total, err)
	}
}
