package faultproxy

import "strings"

// kind is what a statement does to a transaction.
type kind int

const (
	kindOther    kind = iota
	kindBegin         // a transaction begins
	kindCommit        // it is committed
	kindRollback      // it is undone
	kindWrite         // something is written
)

// kindOf classifies one statement of SQL by its first word. It errs towards kindOther: then a
// commit is missed, and nothing else is cut in its place.
func kindOf(statement string) kind {
	words := strings.Fields(uncommented(statement))
	if len(words) == 0 {
		return kindOther
	}
	second := ""
	if len(words) > 1 {
		second = strings.ToUpper(words[1])
	}
	switch strings.ToUpper(words[0]) {
	case "BEGIN", "START":
		return kindBegin
	case "COMMIT", "END":
		return kindCommit
	case "ROLLBACK", "ABORT":
		if second == "TO" { // a savepoint
			return kindOther
		}
		return kindRollback
	case "INSERT", "UPDATE", "DELETE", "MERGE", "CALL", "DO":
		return kindWrite
	case "WITH":
		for _, w := range words[1:] {
			switch strings.ToUpper(strings.Trim(w, "()")) {
			case "INSERT", "UPDATE", "DELETE", "MERGE":
				return kindWrite
			}
		}
	}
	return kindOther
}

// uncommented takes comments from the beginning of a statement.
func uncommented(s string) string {
	for {
		s = strings.TrimLeft(s, " \t\r\n;(")
		switch {
		case strings.HasPrefix(s, "--"):
			_, rest, found := strings.Cut(s, "\n")
			if !found {
				return ""
			}
			s = rest
		case strings.HasPrefix(s, "/*"):
			_, rest, found := strings.Cut(s, "*/")
			if !found {
				return ""
			}
			s = rest
		default:
			return strings.TrimRight(s, "; \t\r\n")
		}
	}
}

// statements splits a text at its semicolons, those in quotes included: what is split too
// often is at worst taken for nothing.
func statements(text string) []string { return strings.Split(text, ";") }
