package reports

import (
	"bytes"
	_ "embed" // for go:embed
)

//go:embed schema.json
var schemaJSON []byte

// SchemaJSON gives the JSON Schema (draft 2020-12) of report.json. The caller
// owns the bytes.
func SchemaJSON() []byte { return bytes.Clone(schemaJSON) }
