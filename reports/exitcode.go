package reports

// ExitCode gives the exit code of the run that r is the result of, from the
// value alone. A value that makes no sense (nil, an unknown verdict, a
// preflight without a kind) is a fault of the harness and gives [ExitInternal]:
// doubt never ends in 0. A run that fails in nothing but what its baseline lists gives
// [ExitOK], though its verdict says that the target does not conform; a baseline that
// is out of date gives [ExitNonconform]. A run that was interrupted gives [ExitIncomplete],
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
	b := r.Baseline
	switch {
	case r.Interrupted:
		return ExitIncomplete
	case b.outdated():
		return ExitNonconform
	case r.Verdict == Incomplete && b != nil && b.Waived > 0 && b.Unproven == 0 && b.Unexpected == 0:
		return ExitOK
	case r.Verdict == Incomplete:
		return ExitIncomplete
	case r.Verdict == Nonconformant && b != nil && b.Known > 0 && b.Unexpected == 0:
		if b.Unproven > 0 {
			return ExitIncomplete
		}
		return ExitOK
	case r.Verdict == Nonconformant:
		return ExitNonconform
	default:
		return ExitOK
	}
}
