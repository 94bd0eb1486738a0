package contract_test

import (
	"path/filepath"
	"strings"
	"testing"

	"hookdrill/contract"
)

// TestBrokenFiles: each file of testdata/broken has one mistake, and gives one error of one
// line, with the file, the line and what would be right.
func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v; want at least 10", len(files), err)
	}
	var all strings.Builder
	for _, file := range files {
		_, err := contract.Load(file)
		if err == nil {
			t.Errorf("%s: no error", file)
			continue
		}
		if strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), file+":") {
			t.Errorf("%s: not one error that begins with the file:\n%v", file, err)
		}
		all.WriteString(strings.TrimPrefix(err.Error(), "testdata/broken/") + "\n")
	}
	golden(t, "broken.golden.txt", []byte(all.String()))
}

func TestStarterParses(t *testing.T) {
	t.Parallel()
	c, err := contract.Parse(contract.Starter(), "my.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Types) == 0 || c.NotApplicable("RPL-01") != "" || c.NotApplicable("RPL-06") == "" {
		t.Errorf("the starter is %+v", c)
	}
}
