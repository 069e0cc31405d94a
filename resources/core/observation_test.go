package core_test

import (
	"fmt"
	"strings"
	"testing"
)

func observation(id, code, at, more string) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":"%s","status":"final","category":[{"coding":[{"code":"vital"}]}],"code":%s,"subject":{"reference":"Patient/a"},"effectiveDateTime":"%s"%s}`, id, code, at, more)
}

func TestLastN(t *testing.T) {
	h := open(t)
	code := func(list ...string) string {
		var codings []string
		for _, c := range list {
			codings = append(codings, `{"system":"s","code":"`+c+`"}`)
		}
		return `{"coding":[` + strings.Join(codings, ",") + `]}`
	}
	h.put(`{"resourceType":"Patient","id":"a"}`,
		observation("a1", code("a"), "2024-01-01", ""), observation("a2", code("a"), "2024-01-02", ""), observation("a3", code("a", "b"), "2023-12-31", ""),
		observation("b1", code("b"), "2024-01-03", ""), observation("c1", code("c"), "2024-01-01T10:00:00Z", ""), observation("c2", code("c"), "2024-01-01T10:00:00Z", ""),
		observation("t1", `{"text":"text"}`, "2020-01-01", ""), observation("t2", `{"text":"Text"}`, "2020-01-02", ""))
	for _, test := range []struct{ query, want string }{
		{"patient=a&category=vital", "b1 c1 c2 t2 t1"},
		{"patient=a&category=vital&max=3", "b1 a2 a1 c1 c2 t2 t1"},
		{"subject=Patient/a&code=s|a", "a2"},
		{"subject=Patient/a&code=s|a&max=2", "a2 a1"},
		{"patient=a&code=s|none", ""},
		{"patient=a&category=vital&date=lt2021", "t2 t1"},
	} {
		a := h.do("GET", "/Observation/$lastn?"+test.query, "")
		a.is(200, "type", "searchset", "total", len(strings.Fields(test.want)))
		if got := strings.ReplaceAll(a.entries("match"), "Observation/", ""); got != test.want {
			t.Errorf("%s: %s, want %s", test.query, got, test.want)
		}
	}
	for query, code := range map[string]string{"patient=a": "required", "category=vital": "required", "patient=a&category=vital&max=0": "value", "patient=a&category=vital&_sort=date": "not-supported", "patient=a&code=a&date=x": "invalid"} {
		if a := h.do("GET", "/Observation/$lastn?"+query, ""); a.status < 400 || a.at("issue.0.code") != code {
			t.Errorf("%s: %d %s", query, a.status, a.text)
		}
	}
}

func TestStats(t *testing.T) {
	h := open(t)
	const loinc = `{"coding":[{"system":"http://loinc.org","code":"8480-6"}]}`
	value := func(v, unit string) string {
		return `,"valueQuantity":{"value":` + v + `,"unit":"` + unit + `","system":"http://unitsofmeasure.org","code":"` + unit + `"}`
	}
	h.put(`{"resourceType":"Patient","id":"a"}`)
	for i, v := range []string{"120", "124", "131", "118", "142"} {
		h.put(observation(fmt.Sprint("o", i), loinc, fmt.Sprintf("2024-01-0%d", i+1), value(v, "mm[Hg]")))
	}
	h.put(observation("none", loinc, "2024-01-07", `,"dataAbsentReason":{"text":"x"}`),
		observation("bound", loinc, "2024-01-08", `,"valueQuantity":{"value":300,"comparator":">","unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}`),
		strings.Replace(observation("wrong", loinc, "2024-01-09", value("1", "mm[Hg]")), "final", "entered-in-error", 1))
	all := "average,maximum,minimum,count,total-count,median,std-dev,sum,variance,4-lower,4-upper,4-dev,20-percent,80-percent,5-2,skew,kurtosis"
	a := h.do("GET", "/Observation/$stats?subject=Patient/a&code=8480-6&system=http://loinc.org&include=true&limit=2&statistic="+strings.ReplaceAll(all, ",", "&statistic="), "")
	a.is(200, "parameter.0.name", "statistics", "parameter.0.resource.subject.reference", "Patient/a", "parameter.0.resource.status", "final", "parameter.0.resource.code.coding.0.code", "8480-6",
		"parameter.1.name", "source", "parameter.1.resource.id", "o4", "parameter.2.resource.id", "o3", "parameter.3", nil)
	want := []string{"127", "142", "118", "5", "8", "124", "9.7468", "635", "95", "120", "131", "5.5", "119.6", "133.2", "122.4", "1.053", "0.2997"}
	for i, name := range strings.Split(all, ",") {
		at := fmt.Sprintf("parameter.0.resource.component.%d.", i)
		if got := fmt.Sprint(a.at(at + "valueQuantity.value")); got != want[i] || a.at(at+"code.coding.0.code") != name {
			t.Errorf("%s is %s, want %s", name, got, want[i])
		}
	}
	a.is(200, "parameter.0.resource.component.0.valueQuantity.code", "mm[Hg]")

	// Units are brought into the one that most have; a panel gives a group for each of its measurements.
	h.put(observation("k1", `{"text":"w","coding":[{"code":"w"}]}`, "2024-01-01", value("70.5", "kg")), observation("k2", `{"coding":[{"code":"w"}]}`, "2024-01-02", value("71500", "g")),
		observation("k3", `{"coding":[{"code":"w"}]}`, "2024-01-03", value("72.5", "kg")), observation("k4", `{"coding":[{"code":"w"}]}`, "2024-01-04", value("1", "m")),
		observation("p", `{"coding":[{"code":"panel"}]}`, "2024-01-01", `,"component":[{"code":{"coding":[{"code":"sys"}]}`+value("120", "mm[Hg]")+`},{"code":{"coding":[{"code":"dia"}]}`+value("80", "mm[Hg]")+`}],"hasMember":[{"reference":"Observation/k1"}]`))
	h.do("GET", "/Observation/$stats?subject=Patient/a&code=w&statistic=average&statistic=count&statistic=total-count", "").is(200,
		"parameter.0.resource.component.0.valueQuantity.value", "71.5", "parameter.0.resource.component.0.valueQuantity.unit", "kg", "parameter.0.resource.component.1.valueQuantity.value", 3, "parameter.0.resource.component.2.valueQuantity.value", 4)
	a = h.do("GET", "/Observation/$stats?subject=Patient/a&code=panel&statistic=maximum", "")
	a.is(200, "parameter.0.resource.code.coding.0.code", "sys", "parameter.0.resource.component.0.valueQuantity.value", 120, "parameter.1.resource.code.coding.0.code", "dia", "parameter.2.resource.code.coding.0.code", "w", "parameter.3", nil)
	h.do("GET", "/Observation/$stats?subject=Patient/a&code=dia&statistic=maximum", "").is(200, "parameter.0.resource.component.0.valueQuantity.value", 80)

	in := func(more string) string {
		return parameters(`{"name":"subject","valueUri":"http://localhost/fhir/Patient/a"},{"name":"statistic","valueCode":"sum"},{"name":"coding","valueCoding":{"system":"http://loinc.org","code":"8480-6"}}` + more)
	}
	h.do("POST", "/Observation/$stats", in(`,{"name":"period","valuePeriod":{"start":"2024-01-02","end":"2024-01-03"}}`)).is(200, "parameter.0.resource.component.0.valueQuantity.value", 255, "parameter.0.resource.effectivePeriod.end", "2024-01-03")
	h.do("POST", "/Observation/$stats", in(`,{"name":"duration","valueDecimal":24}`)).is(200, "parameter.0.resource.component.0.dataAbsentReason.coding.0.code", "not-applicable", "parameter.0.resource.effectivePeriod.start", "2024-04-30T10:00:00.000Z")
	h.do("POST", "/Observation/$stats", in(`,{"name":"duration","valueDecimal":24},{"name":"period","valuePeriod":{"start":"2024"}}`)).is(400)
	for query, code := range map[string]string{
		"": "required", "subject=Patient/a&statistic=sum": "required", "subject=Patient/a&code=x": "required", "subject=x&code=x&statistic=sum": "invalid", "subject=Patient/a&code=x&statistic=most": "code-invalid",
		"subject=Patient/a&code=x&statistic=regression": "not-supported", "subject=Patient/a&code=x&statistic=sum&duration=-1": "value",
	} {
		if a := h.do("GET", "/Observation/$stats?"+query, ""); a.status < 400 || a.at("issue.0.code") != code {
			t.Errorf("%s: %d %s", query, a.status, a.text)
		}
	}
}
