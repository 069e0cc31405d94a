package path

import (
	"slices"
)

// sortBy orders the input by one or more keys, or by its own values; "-" before a key means descending. An item
// without a key comes first in either direction, as the tests want it.
func sortBy(ev *Evaluator, c *call, mark int) error {
	end := len(ev.stack)
	n := end - mark
	keys := make([][]Value, n)
	err := ev.iterate(mark, end, func(i int) error {
		key := make([]Value, max(1, len(c.args)))
		if len(c.args) == 0 {
			key[0] = ev.this.system()
		}
		for j, arg := range c.args {
			v, _, err := ev.single(arg, c.pos)
			if err != nil {
				return err
			}
			key[j] = v.system()
		}
		keys[i-mark] = key
		return ev.step(len(key))
	})
	if err != nil {
		return err
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		for j := range keys[a] {
			o, e := ev.compareKeys(keys[a][j], keys[b][j], j < len(c.order) && c.order[j], c.pos)
			if e != nil {
				err = e
			}
			if o != 0 {
				return o
			}
		}
		return 0
	})
	if err != nil {
		return err
	}
	items := slices.Clone(ev.stack[mark:end])
	for i, from := range order {
		ev.stack[mark+i] = items[from]
	}
	return ev.step(n)
}

func (ev *Evaluator) compareKeys(a, b Value, descending bool, pos int) (int, error) {
	if a.kind == None || b.kind == None {
		return compareInt(int64(min(a.kind, 1)), int64(min(b.kind, 1))), nil
	}
	if err := ev.step(1); err != nil {
		return 0, err
	}
	if descending {
		a, b = b, a
	}
	order, _, err := ev.compare(a, b, pos)
	return order, err
}
