package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// about is what hookdrill version says.
type about struct {
	Version string `json:"version"`
	// Commit is the revision that it was built from, "" when the build does not tell.
	Commit string `json:"commit,omitempty"`
	// Modified is true when the tree held changes that are in no commit.
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newAbout() about {
	a := about{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return a
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			a.Commit = s.Value
		case "vcs.modified":
			a.Modified = s.Value == "true"
		}
	}
	return a
}

func versionCommand(s Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "version", Short: "Say what this hookdrill is: version, commit, Go and platform",
		Args: noOperands,
		RunE: func(*cobra.Command, []string) error {
			a := newAbout()
			if asJSON {
				enc := json.NewEncoder(s.Out)
				if err := enc.Encode(a); err != nil {
					return fmt.Errorf("write output: %w", err)
				}
				return nil
			}
			commit := a.Commit
			switch {
			case commit == "":
				commit = "not known: built without version control"
			case a.Modified:
				commit += ", with changes that are in no commit"
			}
			return show(s.Out, "hookdrill %s\ncommit    %s\ngo        %s\nplatform  %s\nlicence   Apache-2.0\n", a.Version, commit, a.Go, a.Platform)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as one line of JSON")
	return cmd
}
