package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// mockFolder is where mock Claude keeps its key without --data.
const mockFolder = "out/mock"

// keyPlace says where the targets' signing key is looked for.
type keyPlace struct {
	env, file string // as the user says
	usual     string // the contract's environment variable
	dir       string // --data
}

// read returns the key and says where it is: in the environment, or in a file,
// which is made with a new key if it is not there.
func (p keyPlace) read(s Streams) (key []byte, where string, err error) {
	if p.file == "" {
		name := p.env
		if name == "" {
			name = p.usual
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
	if err := ensureKey(file); err != nil {
		return nil, "", err
	}
	key, err = readKey("", "", "--key-file", file, s)
	return key, "file " + file, err
}

// ensureKey writes a new key to a file unless the file is there.
func ensureKey(file string) error {
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
	_, err = fmt.Fprintln(f, newKey())
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the signing key: %w", err)
	}
	return nil
}

// newKey draws a key.
func newKey() string { return string(makeKey()) }
