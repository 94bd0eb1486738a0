package mockclaude

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
)

// Keys are the secrets that events are signed with: the whole secret strings as
// the user gave them.
type Keys struct {
	Current []byte
	// Previous is the key before the last rotation, nil when there is none.
	Previous []byte
}

// ID is a short public name of the current key, such as key:3fa9c1d2: the first
// eight hex digits of SHA-256("hookdrill key id" || key).
func (k Keys) ID() string { return keyID(k.Current) }

// PreviousID is ID for the previous key.
func (k Keys) PreviousID() string { return keyID(k.Previous) }

func keyID(key []byte) string {
	sum := sha256.Sum256(append([]byte("hookdrill key id"), key...))
	return "key:" + hex.EncodeToString(sum[:4])
}

// forms are the texts in which a key may give itself away: the whole string, what is behind
// whsec_, and what both mean in base64 and hex. [Redactor.AddSecret] knows the ways to
// write each of them. A short one would be found by chance.
func forms(key []byte) [][]byte {
	all := [][]byte{key}
	rest, prefixed := bytes.CutPrefix(key, []byte(standardPrefix))
	if prefixed && len(rest) >= leastForm {
		all = append(all, rest)
	}
	if raw, ok := fromBase64(rest); ok && len(raw) >= leastForm {
		all = append(all, raw)
	}
	if raw, err := hex.DecodeString(string(rest)); err == nil && len(raw) >= leastForm {
		all = append(all, raw)
	}
	return all
}

// leastForm is the length from which a part of a key is looked for, in bytes.
const leastForm = 12
