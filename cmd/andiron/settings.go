package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// usageError is everything that is wrong with the command line, the environment and the configuration file.
type usageError struct{ mistakes []string }

func (e *usageError) Error() string { return strings.Join(e.mistakes, "; ") }

// parse reads the command line. A command whose settings come from several places gets all of their mistakes reported at
// once, not one after the other.
func parse(parser *kong.Kong, cli *commands, args []string) (*kong.Context, error) {
	trace, err := kong.Trace(parser, args)
	if err != nil {
		return nil, &usageError{[]string{err.Error()}}
	}
	var mistakes []string
	file := configFile(trace)
	values, err := readConfig(file)
	if err != nil {
		mistakes = append(mistakes, err.Error())
	}
	mistakes = append(mistakes, checkSettings(parser, trace, file, values)...)
	if len(mistakes) > 0 {
		return nil, &usageError{mistakes}
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		return nil, &usageError{[]string{err.Error()}}
	}
	return ctx, nil
}

// configFile is the configuration file that the command line or the environment names.
func configFile(trace *kong.Context) string {
	for _, element := range trace.Path {
		if element.Flag != nil && element.Flag.Name == "config" {
			if name, ok := trace.FlagValue(element.Flag).(string); ok && name != "" {
				return name
			}
		}
	}
	return os.Getenv("ANDIRON_CONFIG")
}

func readConfig(file string) (map[string]json.RawMessage, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the configuration file cannot be read: %w", err)
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("the configuration file %s is not a JSON object: %w", file, err)
	}
	return values, nil
}

// checkSettings tries every value of the environment and the file on the flag that it is meant for.
func checkSettings(parser *kong.Kong, trace *kong.Context, file string, values map[string]json.RawMessage) []string {
	var mistakes []string
	known := map[string]bool{}
	for _, flag := range allFlags(parser) {
		known[flag.Name] = true
	}
	flags := map[string]*kong.Flag{}
	for _, flag := range trace.Flags() {
		flags[flag.Name] = flag
	}
	for key, value := range values {
		switch flag := flags[key]; {
		case !known[key]:
			mistakes = append(mistakes, fmt.Sprintf("%s: '%s' is not a setting", file, key))
		case flag != nil:
			text, err := settingText(value)
			if err == nil {
				err = tryValue(flag, text)
			}
			if err != nil {
				mistakes = append(mistakes, fmt.Sprintf("%s: %s: %v", file, key, err))
			}
		}
	}
	for _, flag := range flags {
		for _, name := range flag.Envs {
			if text, ok := os.LookupEnv(name); ok {
				if err := tryValue(flag, text); err != nil {
					mistakes = append(mistakes, fmt.Sprintf("environment variable %s: %v", name, err))
				}
			}
		}
	}
	slices.Sort(mistakes)
	return mistakes
}

func allFlags(parser *kong.Kong) (flags []*kong.Flag) {
	for _, group := range parser.Model.AllFlags(false) {
		flags = append(flags, group...)
	}
	for _, command := range parser.Model.Leaves(false) {
		flags = append(flags, command.Flags...)
	}
	return flags
}

// settingText is a JSON value as it would stand on the command line. A list is its items with commas.
func settingText(value json.RawMessage) (string, error) {
	var v any
	if err := json.Unmarshal(value, &v); err != nil {
		return "", err
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case bool, float64:
		return string(value), nil
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			text, ok := item.(string)
			if !ok {
				return "", errors.New("a list must hold strings")
			}
			items[i] = text
		}
		return strings.Join(items, ","), nil
	}
	return "", errors.New("a string, number, boolean or list of strings was expected")
}

// tryValue decodes text as the flag's type, without setting the flag.
func tryValue(flag *kong.Flag, text string) error {
	target := reflect.New(flag.Target.Type()).Elem()
	scan := kong.ScanFromTokens(kong.Token{Type: kong.FlagValueToken, Value: text})
	if err := flag.Mapper.Decode(&kong.DecodeContext{Value: flag.Value, Scan: scan}, target); err != nil {
		return err
	}
	if flag.Enum != "" && !flag.EnumMap()[fmt.Sprint(target.Interface())] {
		return fmt.Errorf("'%s' is none of %s", text, strings.ReplaceAll(flag.Enum, ",", ", "))
	}
	return nil
}

// fileResolver gives kong the values of the configuration file.
type fileResolver struct{}

func (*fileResolver) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver. The file has been checked before. The environment has precedence, which kong would not
// give it.
func (*fileResolver) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	values, err := readConfig(configFile(ctx))
	if err != nil || values[flag.Name] == nil {
		return nil, err
	}
	return settingText(values[flag.Name])
}
