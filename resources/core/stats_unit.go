package core

import "github.com/cockroachdb/apd/v3"

const unitSystem = "http://unitsofmeasure.org"

// common brings the values of a group into one unit, the one that most of them have. Those that do not convert into it are left out,
// because they are no values of the same thing.
func (m *Module) common(values []valued) (numbers []*apd.Decimal, unit valued) {
	count, most := make(map[valued]int), 0
	for _, v := range values {
		v.number = nil
		if v.system == unitSystem {
			v.unit = "" // written in many ways
		}
		count[v]++
		if count[v] > most {
			most, unit = count[v], v
		}
	}
	for _, v := range values {
		switch {
		case v.system == unit.system && v.code == unit.code && (v.system == unitSystem || v.unit == unit.unit):
			numbers = append(numbers, v.number)
		case v.system == unitSystem && unit.system == unitSystem:
			if converted, ok := m.units.Convert(v.number, v.code, unit.code); ok {
				numbers = append(numbers, converted)
			}
		}
	}
	if unit.system == unitSystem {
		for _, v := range values {
			if v.code == unit.code && v.unit != "" {
				unit.unit = v.unit
				break
			}
		}
	}
	return numbers, unit
}
