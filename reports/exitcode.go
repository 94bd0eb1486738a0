package reports

// ExitCode gives the exit code of the run that r is the result of, from the
// value alone. A value that makes no sense (nil, an unknown verdict, a
// preflight without a kind) is a fault of the harness and gives [ExitInternal]:
// doubt never ends in 0. A run that was interrupted gives [ExitIncomplete],
// whatever it had found by then.
func ExitCode(r *Report) int {
	if r == nil || r.Verdict == Failed {
		return ExitInternal
	}
	if r.Preflight != nil {
		if r.Preflight.Kind == "" {
			return ExitInternal
		}
		return ExitUnreachable
	}
	switch r.Verdict {
	case Conformant, Nonconformant, Incomplete:
	default:
		return ExitInternal
	}
	switch {
	case r.Interrupted, r.Verdict == Incomplete:
		return ExitIncomplete
	case r.Verdict == Nonconformant:
		return ExitNonconform
	default:
		return ExitOK
	}
}
