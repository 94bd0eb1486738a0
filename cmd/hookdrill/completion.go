package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hookdrill/contract"
)

// completable gives every command of a tree completions for the flags whose values are
// words of hookdrill's own.
func completable(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		completable(cmd)
	}
	root.LocalFlags().VisitAll(func(f *pflag.Flag) {
		complete := completionOf(f.Name)
		if complete == nil {
			return
		}
		_ = root.RegisterFlagCompletionFunc(f.Name, complete) // it fails only where there is one already
	})
}

func completionOf(flag string) cobra.CompletionFunc {
	switch flag {
	case "contract":
		return contractWords
	case "only", "skip":
		return requirementWords
	case "level":
		return cobra.FixedCompletions([]string{"wire", "observed", "managed"}, cobra.ShellCompDirectiveNoFileComp)
	}
	return nil
}

// contractWords completes a built-in contract's name, or the name of a file.
func contractWords(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return contract.Names(), cobra.ShellCompDirectiveDefault
}

// requirementWords completes the last of a list of requirements and families.
func requirementWords(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	all, err := contract.Requirements()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	before := typed[:strings.LastIndex(typed, ",")+1]
	words := make([]string, 0, len(all))
	for _, f := range contract.Families() {
		words = append(words, before+f)
	}
	for _, r := range all {
		words = append(words, before+r.ID+"\t"+r.Title)
	}
	return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
