package vectors

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hookdrill/internal/testtool"
)

// TestTheExamplesOfTheDocumentation run as they are printed: with a verifier that is right they
// pass, and with one that has a defect they fail.
func TestTheExamplesOfTheDocumentation(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/vectors.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, example := range []struct {
		language, vectors, receiver, receiverAs, testAs string
		defect                                          [2]string
		command                                         []string
	}{
		{
			"go", "github.json", "receiver.go.txt", "receiver_test.go", "receiver_test.go",
			[2]string{`key != "" && `, ""},
			[]string{"go", "test", "-vet=off", "."},
		},
		{
			"python", "standard-webhooks.json", "receiver.py", "receiver.py", "test_vectors.py",
			[2]string{"if not secret or not", "if not"},
			[]string{"python3", "-m", "unittest", "test_vectors"},
		},
		{
			"js", "stripe.json", "receiver.mjs", "receiver.mjs", "vectors.test.mjs",
			[2]string{`name === "v1"`, "true"},
			[]string{"node", "--test", "vectors.test.mjs"},
		},
	} {
		t.Run(example.language, func(t *testing.T) {
			t.Parallel()
			testtool.Need(t, example.command[0])
			found := regexp.MustCompile("(?s)```" + example.language + "\n(.*?)```").FindSubmatch(page)
			if found == nil {
				t.Fatal("docs/vectors.md has no example")
			}
			receiver, err := os.ReadFile(filepath.Join("testdata", example.receiver))
			if err != nil {
				t.Fatal(err)
			}
			vectors, err := os.ReadFile(example.vectors)
			if err != nil {
				t.Fatal(err)
			}
			broken := strings.Replace(string(receiver), example.defect[0], example.defect[1], 1)
			if broken == string(receiver) {
				t.Fatal("there is no defect")
			}
			for text, right := range map[string]bool{string(receiver): true, broken: false} {
				dir := t.TempDir()
				files := map[string]string{"go.mod": "module receiver\n\ngo 1.26\n", example.vectors: string(vectors)}
				files[example.receiverAs] += text
				files[example.testAs] += string(found[1])
				for name, content := range files {
					if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				cmd := exec.CommandContext(t.Context(), example.command[0], example.command[1:]...)
				cmd.Dir = dir
				if out, err := cmd.CombinedOutput(); (err == nil) != right {
					t.Errorf("with a verifier that is right (%v): %v\n%s", right, err, out)
				}
			}
		})
	}
}
