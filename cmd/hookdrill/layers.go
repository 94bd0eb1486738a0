package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hookdrill/internal/suggest"
)

// defaultConfig is read when it is there.
const defaultConfig = "hookdrill.yaml"

// layer fills in the flags that were not given: from the environment
// (HOOKDRILL_TARGET for --target), then from hookdrill.yaml (target: …). The
// error names every value that is wrong.
func layer(cmd *cobra.Command, s Streams) error {
	file, name, err := readConfig(cmd)
	if err != nil {
		return err
	}
	var wrong wrongs
	fillIn(cmd, s, file, name, &wrong)
	return wrong.err()
}

// fillIn is layer for a file that is read, and for who goes on looking for
// what is wrong.
func fillIn(cmd *cobra.Command, s Streams, file map[string][]string, name string, wrong *wrongs) {
	checkKeys(cmd, file, name, wrong)
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || f.Name == "help" || f.Name == "config" {
			return
		}
		variable := "HOOKDRILL_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if value, ok := s.Env(variable); ok && value != "" {
			if err := cmd.Flags().Set(f.Name, value); err != nil {
				wrong.add(usage("unset "+variable, "environment variable %s: %w", variable, reason(err)))
			}
			return
		}
		for _, value := range file[strings.ReplaceAll(f.Name, "-", "_")] {
			if err := cmd.Flags().Set(f.Name, value); err != nil {
				wrong.add(usage("", "%s: %s: %w", name, strings.ReplaceAll(f.Name, "-", "_"), reason(err)))
			}
		}
	})
}

// reason is what is wrong with a value, without the name of a flag that the
// user did not use.
func reason(err error) error {
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return invalid.Unwrap()
	}
	return err
}

// readConfig gives the values of the configuration file by key, none when there
// is no file and none was asked for.
func readConfig(cmd *cobra.Command) (map[string][]string, string, error) {
	name, err := cmd.Flags().GetString("config")
	if err != nil {
		return nil, "", fmt.Errorf("read flag: %w", err)
	}
	asked := name != ""
	if !asked {
		name = defaultConfig
	}
	data, err := os.ReadFile(name) //nolint:gosec // the file that the user names
	switch {
	case errors.Is(err, fs.ErrNotExist) && !asked:
		return nil, name, nil
	case err != nil:
		return nil, name, usage("", "read configuration: %w", err)
	}
	var raw map[string]any
	if err := yaml.Unmarshal(data, &raw); err != nil {
		return nil, name, usage("", "%s: %s", name, strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	out := map[string][]string{}
	for key, value := range raw {
		switch v := value.(type) {
		case []any:
			for _, one := range v {
				out[key] = append(out[key], fmt.Sprint(one))
			}
		case map[string]any:
			return nil, name, usage("", "%s: %s: want a value or a list, have a mapping", name, key)
		case nil:
			return nil, name, usage("", "%s: %s has no value", name, key)
		default:
			out[key] = []string{fmt.Sprint(v)}
		}
	}
	return out, name, nil
}

// checkKeys refuses keys that no flag of any command stands for.
func checkKeys(cmd *cobra.Command, file map[string][]string, name string, wrong *wrongs) {
	known := map[string]bool{}
	var words []string
	for _, c := range cmd.Root().Commands() {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			key := strings.ReplaceAll(f.Name, "-", "_")
			if !known[key] && key != "help" && key != "config" {
				known[key] = true
				words = append(words, key)
			}
		})
	}
	for _, key := range slices.Sorted(maps.Keys(file)) {
		if known[key] {
			continue
		}
		if near := suggest.Nearest(key, words); near != "" {
			wrong.add(usage("", "%s: unknown key %q; did you mean %q?", name, key, near))
			continue
		}
		wrong.add(usage("", "%s: unknown key %q", name, key))
	}
}
