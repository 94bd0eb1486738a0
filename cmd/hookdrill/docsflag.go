package main

import (
	"github.com/spf13/pflag"

	"hookdrill/reports"
)

// docsAddress is a flag for where the pages of the requirements are, see [reports.Report.Docs].
type docsAddress string

func (d *docsAddress) Type() string   { return "URL" }
func (d *docsAddress) String() string { return string(*d) }

func (d *docsAddress) Set(text string) error {
	if err := reports.ValidateDocs(text); err != nil {
		return err //nolint:wrapcheck // it says what is wanted
	}
	*d = docsAddress(text)
	return nil
}

func (d *docsAddress) register(fl *pflag.FlagSet) {
	fl.Var(d, "docs", "`URL` that the pages of the requirements are under, for the links of reports; they end in SIG-06.html and the like,\n"+
		"or stand where {id} does: https://…/docs/requirements/{id}.md")
}
