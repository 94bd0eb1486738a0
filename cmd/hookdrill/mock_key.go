package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"hookdrill/contract"
)

// mockFolder is where mock Claude keeps its key without --data.
const mockFolder = "out/mock"

// keyPlace says where the targets' signing key is looked for.
type keyPlace struct {
	env, file string // as the user says
	kind      contract.Key
	dir       string // --data
}

// read returns the key and says where it is: in the environment, or in a file,
// which is made with a new key if it is not there.
func (p keyPlace) read(s Streams) (key []byte, where string, err error) {
	if p.file == "" {
		name := p.env
		if name == "" {
			name = p.kind.Env
		}
		value, set := s.Env(name)
		switch {
		case set && value != "":
			return []byte(value), "environment variable " + name, nil
		case p.env != "":
			return nil, "", usage("export "+name+"=…", "no signing key: the environment variable %s (--key-env) is not set or empty", name)
		}
	}
	file := p.file
	if file == "" {
		dir := p.dir
		if dir == "" {
			dir = mockFolder
		}
		file = filepath.Join(dir, "key")
	}
	if err := ensureKey(file, p.kind); err != nil {
		return nil, "", err
	}
	key, err = readKey("", "", "--key-file", file, s)
	return key, "file " + file, err
}

// ensureKey writes a new key to a file unless the file is there.
func ensureKey(file string, kind contract.Key) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return usage("", "make the folder of the signing key: %w", err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the file that the user names
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return usage("", "make the signing key: %w", err)
	}
	_, err = fmt.Fprintln(f, newKey(kind))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the signing key: %w", err)
	}
	return nil
}

// newKey draws a key that suits a contract.
func newKey(kind contract.Key) string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails: it ends the program instead
	switch kind.Derivation {
	case contract.KeyHex:
		return kind.Prefix + hex.EncodeToString(b[:])
	case contract.KeyBase64:
		return kind.Prefix + base64.StdEncoding.EncodeToString(b[:])
	}
	return string(makeKey())
}
