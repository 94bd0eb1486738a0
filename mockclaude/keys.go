package mockclaude

import (
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
