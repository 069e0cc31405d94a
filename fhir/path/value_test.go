package path_test

import (
	"context"
	"testing"

	"andiron.dev/fhir/path"
)

const observation = `{"resourceType":"Observation","status":"final","code":{"text":"x"},
 "_issued":{"extension":[{"url":"urn:absent","valueCode":"unknown"}]},
 "valueQuantity":{"value":185.50,"unit":"lbs","system":"http://unitsofmeasure.org","code":"[lb_av]"},
 "component":[
  {"code":{"text":"a"},"valueQuantity":{"value":2,"system":"http://unitsofmeasure.org","code":"h"}},
  {"code":{"text":"b"},"valueQuantity":{"value":2,"unit":"pints"}},
  {"code":{"text":"c"},"valueQuantity":{"value":2,"comparator":"<","system":"http://unitsofmeasure.org","code":"h"}},
  {"code":{"text":"d"},"valueInteger":7},
  {"code":{"text":"e"},"_valueBoolean":{"extension":[{"url":"urn:absent","valueCode":"unknown"}]}},
  {"code":{"text":"f"},"_valueBoolean":{"extension":[{"url":"urn:absent","valueCode":"unknown"}]}},
  {"code":{"text":"g"},"_valueBoolean":{"id":"x"}},
  {"code":{"text":"h"},"valueQuantity":{"value":2.0,"unit":"pints"}},
  {"code":{"text":"i"},"valueQuantity":{"value":1e2,"system":"http://unitsofmeasure.org","code":"mg"}},
  {"code":{"text":"j"},"valueRange":{"low":{"value":1e400}}}
 ]}`

// TestConversion evaluates over quantities that are and are not System.Quantity, and primitives without a value.
func TestConversion(t *testing.T) {
	spec := decode(t)
	focus := parse(t, spec, observation)
	ev := path.NewEvaluator(tableEnv(t))
	for src, want := range map[string]string{
		"value = 185.5 '[lb_av]'":                                          "true",
		"value > 84 'kg'":                                                  "true",
		"value.value + 1":                                                  "186.50",
		"component[0].value = 2 hours":                                     "true",
		"component[0].value = 120 minutes":                                 "true",
		"component[0].value + 1 minute":                                    "121 minute",
		"@2020-01-01T10:00 + component[0].value":                           "@2020-01-01T12:00",
		"component[1].value = 2 'h'":                                       "false",
		"component[1].value < 3 'h'":                                       "{}",
		"component[1].value + 3 'h'":                                       "{}",
		"-component[1].value":                                              "{}",
		"component[2].value = 2 'h'":                                       "false",
		"component[2].value < 3 'h'":                                       "{}",
		"component[1].value = component[7].value":                          "true",
		"component[1].value ~ component[7].value":                          "true",
		"component[1].value = component[2].value":                          "false",
		"component[8].value = 100 'mg'":                                    "true",
		"component[9].value.low.value + 1":                                 "error",
		"component[3].value + 1":                                           "8",
		"component[3].value > component[1].value":                          "{}",
		"issued.exists()":                                                  "true",
		"issued.hasValue()":                                                "false",
		"issued > @2020-01-01T10:00:00Z":                                   "{}",
		"issued + 1 day":                                                   "{}",
		"issued.toString()":                                                "{}",
		"issued is instant":                                                "true",
		"component[4].value and true":                                      "{}",
		"component[4].value.not()":                                         "{}",
		"component[4].value = component[5].value":                          "true",
		"component[4].value = component[6].value":                          "false",
		"component[4].value ~ component[5].value":                          "true",
		"component[4].value ~ component[6].value":                          "false",
		"component.value.ofType(boolean).distinct().count()":               "2",
		"component.code.text.startsWith(component[4].value.id)":            "error",
		"'a'.startsWith(component[4].value.extension.value & 'x')":         "false",
		"'abc'.substring(component[3].value - 6)":                          "'bc'",
		"component.where(value is Quantity).code.text.join('')":            "'abchi'",
		"component[0].value.type().name":                                   "'Quantity'",
		"type() = type()":                                                  "true",
		"value.type() = code.type()":                                       "false",
		"code.text.matches(component[0].code.text.replace('a','x'))":       "true",
		"component.code.text.where(matches('[' + 'ab' + ']')).count()":     "2",
		"component.code.text.where(matchesFull('[' + 'ab' + ']')).count()": "2",
		"code.text.matches('(' + 'a')":                                     "error",
		"12345678901234567890.5 > 12345678901234567890.4":                  "true",
		"0.1 = 0.10000000000000000000":                                     "true",
		"123456789012345678 > 0.1":                                         "true",
	} {
		got := evaluate(ev, spec, src, focus)
		if got != want && !(want == "error" && len(got) > 5 && got[:5] == "error") {
			t.Errorf("%s gives %s, not %s", src, got, want)
		}
	}
}

// TestValue reads values as callers do.
func TestValue(t *testing.T) {
	spec := decode(t)
	focus := parse(t, spec, observation)
	value := func(src string) path.Value {
		t.Helper()
		x, err := path.Compile(spec, src)
		if err != nil {
			t.Fatal(err)
		}
		values, err := x.Eval(context.Background(), path.Env{}, focus)
		if err != nil || len(values) != 1 {
			t.Fatal(src, values, err)
		}
		return values[0]
	}
	q := value("value")
	if d, ok := q.Decimal(); !ok || d.String() != "185.50" {
		t.Error(d, ok)
	}
	if unit, calendar := q.Unit(); unit != "[lb_av]" || calendar {
		t.Error(unit, calendar)
	}
	if unit, calendar := value("component[0].value").Unit(); unit != "hour" || !calendar {
		t.Error(unit, calendar)
	}
	if i, ok := value("component[3].value").Integer(); !ok || i != 7 {
		t.Error(i, ok)
	}
	if d, ok := value("component[3].value").Decimal(); !ok || d.String() != "7" {
		t.Error(d, ok)
	}
	if _, ok := value("status").Decimal(); ok {
		t.Error("a code is a number")
	}
	if _, ok := value("status").Bool(); ok {
		t.Error("a code is a Boolean")
	}
	if v := value("status"); v.Element().Path() != "Observation.status" || v.Type().Name != "code" || v.Within().Element() != focus.Element() {
		t.Error(v.Element().Path(), v.Type())
	}
	if unit, _ := path.String("x").Unit(); unit != "" || path.String("x").Type() != nil || path.String("x").Within().Kind() != path.None {
		t.Error("a String stands in a resource")
	}
}
