package vectors

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// The results of vectors.
const (
	Valid      = "valid"      // a verifier must accept it
	Invalid    = "invalid"    // a verifier must refuse it
	Acceptable = "acceptable" // it may do either: the proof is right, and its form none that the sender writes
)

// warning stands first in every file.
const warning = "THE KEYS IN THIS FILE ARE PUBLIC. Never use one of them outside of tests: whoever reads this file can forge what is signed with it."

// File is the vectors of one scheme of signatures.
type File struct {
	Schema  string `json:"$schema"`
	Warning string `json:"warning"`
	Scheme  string `json:"scheme"`
	// Contracts are those of hookdrill whose deliveries are signed like that.
	Contracts []string `json:"contracts"`
	Source    string   `json:"source"`
	// How says how a signature is made, in the words of a contract.
	How How `json:"how"`
	// Flags says what each flag of the tests means.
	Flags map[string]string `json:"flags"`
	Tests []Vector          `json:"tests"`
}

// How is how a scheme signs.
type How struct {
	Header    string `json:"header"`
	Algorithm string `json:"algorithm"`
	Encoding  string `json:"encoding"`
	// Signed and Format are templates of what is signed, and of the header's value.
	Signed string `json:"signed"`
	Format string `json:"format"`
	// Several is what is appended to it for each further signature, "" for none.
	Several string `json:"several"`
	// IDHeader and TimestampHeader are the headers of {id} and {timestamp}, "" for none.
	IDHeader        string `json:"id_header"`
	TimestampHeader string `json:"timestamp_header"`
	// KeyDerivation is whole (the key as UTF-8) or base64 (what is behind KeyPrefix is decoded).
	KeyDerivation string `json:"key_derivation"`
	KeyPrefix     string `json:"key_prefix"`
	// Freshness says where the time is that must be near Now: header, body or none;
	// Tolerance how near, in seconds, and Direction whether into the past alone or both ways.
	Freshness string `json:"freshness"`
	Tolerance int    `json:"tolerance"`
	Direction string `json:"direction"`
}

// Vector is one request, and the right answer to it.
type Vector struct {
	ID      int      `json:"id"` // within its file, from 1
	Comment string   `json:"comment"`
	Flags   []string `json:"flags"`
	// Key is the secret as a user configures it.
	Key string `json:"key"`
	// Now is the moment at which the request arrives, in Unix seconds.
	Now int64 `json:"now"`
	// Headers are names and values, in their order.
	Headers [][2]string `json:"headers"`
	// Body is the raw body, in base64.
	Body string `json:"body_base64"`
	// Signed is what must have been signed of this request, in base64, and MAC its right
	// signature as the scheme writes it; both are left out where the request does not say.
	Signed *string `json:"signed_base64,omitempty"`
	MAC    string  `json:"mac,omitempty"`
	Result string  `json:"result"`
}

// encode writes a file the way it lies in the folder.
func (f File) encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(f); err != nil {
		return nil, fmt.Errorf("encode vectors of %s: %w", f.Scheme, err)
	}
	return b.Bytes(), nil
}

// Files makes the files, by their names. It makes the same bytes every time.
func Files() (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, s := range schemes() {
		f, err := s.file()
		if err != nil {
			return nil, err
		}
		if out[s.name+".json"], err = f.encode(); err != nil {
			return nil, err
		}
	}
	return out, nil
}
