package contract

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hookdrill/internal/suggest"
)

// builtin holds one file for each built-in contract, named after it.
//
//go:embed claude.yaml claude-managed-agents.yaml github.yaml openai.yaml sentry.yaml shopify.yaml slack.yaml standard-webhooks.yaml stripe.yaml svix.yaml
var builtin embed.FS

// maxFile bounds a contract file, and a sample, in bytes.
const maxFile = 1 << 20

// Names lists the built-in contracts in alphabetical order.
func Names() []string {
	files, err := fs.Glob(builtin, "*.yaml")
	if err != nil {
		return nil // only a malformed pattern is an error
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(file, ".yaml")
	}
	slices.Sort(files) // without its ending, claude comes before claude-managed-agents
	return files
}

// Load returns a contract by its built-in name, or, when name contains a slash
// or ends in .yaml or .yml, the one in the file of that name. The error about
// an unknown name says which names there are.
func Load(name string) (*Contract, error) {
	if isFile(name) {
		return loadFile(name)
	}
	for _, known := range Names() {
		if known == name {
			data, err := builtin.ReadFile(name + ".yaml")
			if err != nil {
				return nil, fmt.Errorf("read contract %s: %w", name, err)
			}
			return Parse(data, name+".yaml")
		}
	}
	return nil, unknown("contract", name, Names(),
		"built in: "+strings.Join(Names(), ", ")+"; the name of a file contains a slash or ends in .yaml")
}

func isFile(name string) bool {
	return strings.ContainsRune(name, '/') || strings.ContainsRune(name, filepath.Separator) ||
		strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

func loadFile(name string) (*Contract, error) {
	file, err := os.Open(name) //nolint:gosec // the file that the user names
	if err != nil {
		return nil, fmt.Errorf("read contract: %w", err)
	}
	defer file.Close() //nolint:errcheck // nothing was written
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read contract: %w", err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("read contract %s: the file is larger than %d bytes", name, maxFile)
	}
	return parse(data, name, func(c *Contract) error { return c.readSamples(filepath.Dir(name)) })
}

// UnknownError says that a name is not one of those that exist.
type UnknownError struct {
	// What is the kind of thing that was named: contract or requirement.
	What string
	Name string
	// Nearest is the name that was probably meant, or "".
	Nearest string
	// Hint says where to find the names that exist.
	Hint string
}

func (e *UnknownError) Error() string {
	text := fmt.Sprintf("unknown %s %q", e.What, e.Name)
	if e.Nearest != "" {
		text += fmt.Sprintf("; did you mean %q?", e.Nearest)
	}
	return text + " (" + e.Hint + ")"
}

func unknown(what, name string, known []string, hint string) error {
	return &UnknownError{What: what, Name: name, Nearest: suggest.Nearest(name, known), Hint: hint}
}
