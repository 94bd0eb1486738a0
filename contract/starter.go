package contract

import (
	"bytes"
	_ "embed" // for starter.yaml and schema.json
)

//go:embed starter.yaml
var starter []byte

//go:embed schema.json
var schemaJSON []byte

// Starter is a contract file with comments, to begin one's own with: [Parse] reads it. The
// caller owns the bytes.
func Starter() []byte { return bytes.Clone(starter) }

// SchemaJSON gives the JSON Schema (draft 2020-12) of a contract file, for
// editors and for checks outside hookdrill. [Parse] does not use it. The caller
// owns the bytes.
func SchemaJSON() []byte { return bytes.Clone(schemaJSON) }
