package sqlite

import (
	"fmt"
	"maps"
	"strings"
)

// incomplete finds the slots that are being filled: of those neither what is there nor what is missing is a mistake.
func (k *checking) incomplete() error {
	keys, params := make(map[string]bool), k.store.options.Params
	for _, custom := range params.Custom() {
		if custom.Complete {
			continue
		}
		for _, typ := range params.Types(custom.Def) {
			official, _ := params.Keys(typ)
			maps.Copy(keys, params.KeysOf(custom.Def, typ))
			maps.DeleteFunc(keys, func(key string, _ bool) bool { return official[key] })
		}
	}
	job, err := k.conn.gapJob()
	if err != nil {
		return asOutcome(err)
	}
	if job != nil {
		k.problem("the search index is being built anew, %d %% are done", job.percent())
		k.rewording = true
		for typ := range job.gap().types {
			_, all := params.Keys(typ)
			maps.Copy(keys, all)
		}
	}
	k.partial = map[int64]bool{unknown: len(keys) > 0}
	var numbers []string
	for key := range keys {
		number, err := k.store.names.id(k.conn, slotName, key)
		if err != nil {
			return asOutcome(err)
		}
		if number != 0 {
			k.partial[number] = true
			numbers = append(numbers, fmt.Sprint(number))
		}
	}
	if len(numbers) > 0 {
		k.except = " AND slot NOT IN (" + strings.Join(numbers, ", ") + ")"
	}
	return nil
}
