package reports

// painter colours text for a terminal, or leaves it alone when false.
type painter bool

// as colours text in the colour of an outcome.
func (p painter) as(key, text string) string {
	switch key {
	case keyFail:
		return p.sgr("1;31", text)
	case keyError, keyUnknown:
		return p.sgr("1;35", text)
	case keyAdvice, keyKnown, keyStale:
		return p.sgr("33", text)
	case keyUnexercise, keyUnseen:
		return p.sgr("36", text)
	case keyPass:
		return p.sgr("32", text)
	default:
		return p.dim(text)
	}
}

func (p painter) bold(text string) string { return p.sgr("1", text) }
func (p painter) dim(text string) string  { return p.sgr("2", text) }

func (p painter) sgr(code, text string) string {
	if !p {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
