package money

import "andiron.dev/fhir"

// Money is an amount in a currency. It is a value: nothing changes it.
type Money struct {
	amount   Decimal
	currency string
}

// Zero is nothing of a currency, with the digits of its minor unit. Errors: CodeInvalid for what is no currency.
func Zero(currency string) (Money, error) {
	digits, ok := Exponent(currency)
	if !ok {
		return Money{}, noCurrency()
	}
	return Money{Decimal{}.Round(digits), currency}, nil
}

// Parse reads an amount. It may have more digits than the currency's minor unit: Round rounds. Errors: Value; CodeInvalid.
func Parse(amount, currency string) (Money, error) {
	if _, ok := Exponent(currency); !ok {
		return Money{}, noCurrency()
	}
	d, err := ParseDecimal(amount)
	return Money{d, currency}, err
}

// Of reads an element of type Money. Errors, with its path: Required without value or currency; Value; CodeInvalid.
func Of(e fhir.Element) (Money, error) {
	for _, name := range []string{"value", "currency"} {
		if e.Get(name).Text() == "" {
			return Money{}, fhir.NewOutcome(fhir.Required, "an amount of money needs a value and a currency", e.Path()+"."+name)
		}
	}
	m, err := Parse(e.Get("value").Text(), e.Get("currency").Text())
	if err != nil {
		return Money{}, fhir.AsOutcome(err).Within(e.Path())
	}
	return m, nil
}

func noCurrency() error {
	o := fhir.NewOutcome(fhir.CodeInvalid, "this is not a currency of ISO 4217")
	o.Issues[0].Detail = "currency-unknown"
	return o
}

// Amount is the amount.
func (m Money) Amount() Decimal { return m.amount }

// Currency is the code of ISO 4217.
func (m Money) Currency() string { return m.currency }

// Round rounds to the currency's minor unit, halves away from zero: what is done with every price component, so that totals are sums
// of what is shown.
func (m Money) Round() Money {
	digits, _ := Exponent(m.currency)
	return Money{m.amount.Round(digits), m.currency}
}

// Times is the amount times a number or factor, rounded.
func (m Money) Times(factor Decimal) Money { return Money{m.amount.Mul(factor), m.currency}.Round() }

// Neg is the amount with the other sign.
func (m Money) Neg() Money { return Money{m.amount.Neg(), m.currency} }

// Add is the sum. Errors: BusinessRule (currency-mismatch).
func (m Money) Add(other Money) (Money, error) {
	if m.currency != other.currency {
		return Money{}, mismatch()
	}
	return Money{m.amount.Add(other.amount), m.currency}, nil
}

// Sub is the difference. Errors: BusinessRule (currency-mismatch).
func (m Money) Sub(other Money) (Money, error) { return m.Add(other.Neg()) }

// Cmp compares: -1, 0 or 1. Errors: BusinessRule (currency-mismatch).
func (m Money) Cmp(other Money) (int, error) {
	if m.currency != other.currency {
		return 0, mismatch()
	}
	return m.amount.Cmp(other.amount), nil
}

// Sum adds amounts of a currency. Errors: BusinessRule (currency-mismatch); CodeInvalid.
func Sum(currency string, list ...Money) (Money, error) {
	total, err := Zero(currency)
	for i := 0; i < len(list) && err == nil; i++ {
		total, err = total.Add(list[i])
	}
	return total, err
}

func mismatch() error {
	o := fhir.NewOutcome(fhir.BusinessRule, "amounts in different currencies cannot be put together")
	o.Issues[0].Detail = "currency-mismatch"
	return o
}

// Write writes an element of type Money.
func (m Money) Write(w *fhir.Writer) {
	w.Object().Name("value").Raw(m.amount.String()).Name("currency").String(m.currency).EndObject()
}
