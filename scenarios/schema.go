package scenarios

import (
	"bytes"
	_ "embed" // for go:embed
)

//go:embed schema.json
var schemaJSON []byte

// SchemaJSON gives the JSON Schema (draft 2020-12) of a scenario file, for
// editors and for checks outside hookdrill. [Parse] does not use it. The caller
// owns the bytes.
func SchemaJSON() []byte { return bytes.Clone(schemaJSON) }

//go:embed programme.schema.json
var programmeSchemaJSON []byte

// ProgrammeSchemaJSON gives the JSON Schema (draft 2020-12) of a fault
// programme. [ParseProgramme] does not use it. The caller owns the bytes.
func ProgrammeSchemaJSON() []byte { return bytes.Clone(programmeSchemaJSON) }
