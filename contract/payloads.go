package contract

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hookdrill/internal/jsontext"
)

// maxSamples bounds how many samples a folder may hold.
const maxSamples = 1000

// readSamples reads the folder of payloads: it gives each type the samples that are
// named after it, and adds a type for each name that is none's.
func (c *Contract) readSamples(dir string) error {
	if c.Payloads == "" {
		return nil
	}
	folder := c.Payloads
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(dir, folder)
	}
	files, err := filepath.Glob(filepath.Join(escapeGlob(folder), "*.json"))
	if err != nil {
		return fmt.Errorf("list samples: %w", err)
	}
	if len(files) == 0 {
		return fmt.Errorf("the folder %s holds no file TYPE.json; write one body for each event type", folder)
	}
	if len(files) > maxSamples {
		return fmt.Errorf("the folder %s holds %d samples; %d are the most", folder, len(files), maxSamples)
	}
	slices.Sort(files)
	for _, file := range files {
		if err := c.addSample(file); err != nil {
			return err
		}
	}
	return nil
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

func (c *Contract) addSample(file string) error {
	text, err := readSample(file)
	if err != nil {
		return err
	}
	if err := c.checkPayload(text); err != nil {
		if at, ok := errors.AsType[*jsontext.Error](err); ok {
			return fmt.Errorf("%s:%d: is not JSON: %s", file, at.Line, at.Why)
		}
		return fmt.Errorf("%s: %w", file, err)
	}
	name := strings.TrimSuffix(filepath.Base(file), ".json")
	if stem, number := cutLast(name); number && !c.Documented(name) {
		name = stem
	}
	for i := range c.Types {
		if c.Types[i].Name == name {
			c.Types[i].Samples = append(c.Types[i].Samples, text)
			return nil
		}
	}
	c.Types = append(c.Types, Type{Name: name, Samples: []string{text}})
	return nil
}

// cutLast cuts a name at its last dot, and says whether digits follow it.
func cutLast(name string) (stem string, number bool) {
	at := strings.LastIndexByte(name, '.')
	if at <= 0 {
		return name, false
	}
	return name[:at], strings.Trim(name[at+1:], "0123456789") == "" && at+1 < len(name)
}

func readSample(file string) (string, error) {
	f, err := os.Open(file) //nolint:gosec // from the folder that the user names
	if err != nil {
		return "", fmt.Errorf("read sample: %w", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", fmt.Errorf("read sample: %w", err)
	}
	if len(data) > maxFile {
		return "", fmt.Errorf("read sample %s: it is larger than %d bytes", file, maxFile)
	}
	return string(data), nil
}

// Bodies lists the payloads of a type, from which a body is drawn: its samples, its own
// or the contract's; none when its body is an envelope. What a path of Body names is a
// placeholder in them, whatever stood there.
func (c *Contract) Bodies(typ string) ([]string, error) {
	texts := []string{c.Payload}
	for _, t := range c.Types {
		switch {
		case t.Name != typ:
		case len(t.Samples) > 0:
			texts = t.Samples
		case t.Payload != "":
			texts = []string{t.Payload}
		}
	}
	if texts[0] == "" && !c.envelope() && typ != c.Types[0].Name { // a type that is not documented looks like one that is
		return c.Bodies(c.Types[0].Name)
	}
	if texts[0] == "" {
		return nil, nil
	}
	out := make([]string, len(texts))
	for i, text := range texts {
		body, err := jsontext.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("read payload of %s: %w", typ, err)
		}
		c.placeRoles(body)
		out[i] = body.String()
	}
	return out, nil
}

// placeRoles puts the placeholders of an event where they belong.
func (c *Contract) placeRoles(body *jsontext.Value) {
	for _, r := range []struct{ path, fill string }{
		{c.Body.ID, FillID}, {c.Body.Type, FillType}, {c.SubjectPath(), FillSubject}, {c.Body.Timestamp, c.stampFill()},
	} {
		old := body.Get(r.path)
		if r.path == "" || old == nil {
			continue
		}
		text := "{{" + r.fill + "}}"
		number := old.Kind == jsontext.Scalar && !strings.HasPrefix(old.Raw, `"`)
		stamp := r.fill == FillStampUnix || r.fill == FillStampUnixMS
		if !(number && (stamp || r.fill == FillSubject)) {
			text = `"` + text + `"`
		}
		*old = jsontext.Value{Raw: text}
	}
}

func (c *Contract) stampFill() string {
	switch c.Body.TimestampFormat {
	case StampUnix:
		return FillStampUnix
	case StampUnixMS:
		return FillStampUnixMS
	}
	return FillStamp
}
