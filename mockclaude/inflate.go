package mockclaude

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
)

// maxInflated bounds what is unpacked of an answer, in bytes: as much as is read of one that
// is not packed. Looking through more would take longer than the target did.
const maxInflated = defaultBound

// inflated unpacks a body that came compressed without having been asked for, so that what
// it gives away is found; nil for any other encoding. Of a body that breaks off it gives the part
// that is there.
func inflated(header http.Header, body []byte) []byte {
	if !strings.EqualFold(strings.TrimSpace(header.Get("Content-Encoding")), "gzip") {
		return nil
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(z, maxInflated)) // a part is worth looking at
	return append([]byte("\n"), text...)
}
