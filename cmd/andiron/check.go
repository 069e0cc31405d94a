package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"andiron.dev/fhir/store/mongo"
	"github.com/alecthomas/kong"
)

type checkCommand struct {
	serverFlags
	Deep bool `help:"Examine the whole store: SQLite's structures, every version, and every index value against the resource it came from."`
}

// checked is what check prints.
type checked struct {
	Version  string         `json:"version"`
	Settings map[string]any `json:"settings"`
	Store    string         `json:"store"`
	Cluster  *mongo.Advice  `json:"cluster,omitempty"`
}

// Run reports all mistakes at once; without any it prints the settings that a server would run with, and what there is to say
// about the store.
func (c *checkCommand) Run(ctx context.Context, k *kong.Context, t *terminal) error {
	if mistakes := c.mistakes(); len(mistakes) > 0 {
		return &usageError{mistakes}
	}
	result := checked{Version: version(), Settings: settings(k)}
	var err error
	result.Store, err = c.examine(ctx)
	if err == nil {
		result.Cluster, err = c.advise(ctx)
	}
	encoder := json.NewEncoder(t.out)
	encoder.SetIndent("", "  ")
	return errors.Join(encoder.Encode(result), err)
}

// settings are the settings in effect, those that are secret hidden.
func settings(k *kong.Context) map[string]any {
	values := make(map[string]any)
	for _, flag := range k.Flags() {
		if flag.Name == "help" {
			continue
		}
		value := flag.Target.Interface()
		if d, ok := value.(time.Duration); ok {
			value = d.String()
		}
		if isSecret(flag.Name) && fmt.Sprint(value) != "" {
			value = "(hidden)"
		}
		if text, ok := value.(string); ok && strings.HasPrefix(text, "mongodb") {
			value = mongo.Redacted(text)
		}
		values[flag.Name] = value
	}
	return values
}

// isSecret tells by the name of a setting that its value must not be shown.
func isSecret(name string) bool {
	for _, word := range []string{"token", "secret", "password", "key"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// examine opens the store, if there is one: check must not make one.
func (c *checkCommand) examine(ctx context.Context) (string, error) {
	place, err := c.place()
	if err != nil {
		return "", err
	}
	there, err := place.exists(ctx)
	if err != nil {
		return "it cannot be reached", err
	}
	if !there {
		return "there is none yet; serve will create it", nil
	}
	st, err := c.open()
	if err != nil {
		return "it cannot be opened", err
	}
	defer st.Close()
	if !c.Deep {
		return "it can be opened and is of the current schema; --deep examines its content", nil
	}
	if err := st.Check(ctx); err != nil {
		return "it is damaged", fmt.Errorf("the store is damaged: %w", err)
	}
	return "it can be opened, is of the current schema, and its content is sound", nil
}

// advise says what there is to say about a cluster; nil for a store that is none.
func (c *checkCommand) advise(ctx context.Context) (*mongo.Advice, error) {
	place, err := c.place()
	if err != nil || !place.cluster() {
		return nil, err
	}
	return mongo.Advise(ctx, c.clusterOptions(place))
}
