package reports

import "strings"

// weakness is what a security check that fails lets an attacker do: the number of the weakness in the
// Common Weakness Enumeration, and how bad it is, from 0 to 10, as code scanning shows it.
type weakness struct {
	cwe      int
	severity string
}

// weaknessOf gives the weakness that a check looks for; ok is false for one that is not about
// security, such as that valid events are accepted.
func weaknessOf(id string) (w weakness, ok bool) {
	const (
		high, medium, low = "8.6", "6.5", "4.3"
	)
	forged := weakness{347, "9.1"} // improper verification of a cryptographic signature
	byID := map[string]weakness{
		"SIG-01": {}, "SIG-12": {}, "SIG-16": {}, "SIG-15": {}, // about valid events, and the exact status of refusals
		"SIG-07": {20, medium}, "SIG-13": {532, high}, "SIG-18": {347, low}, "SIG-19": {209, low},
		"RPL-03": {}, "RPL-06": {}, "RPL-07": {},
		"API-02": {918, high}, "API-03": {}, "API-04": {}, "API-05": {}, "API-06": {}, "API-07": {}, "API-08": {},
		"PAY-08": {20, medium}, "PAY-09": {20, medium}, "PAY-11": {400, medium},
		"HTTP-01": {650, medium}, "HTTP-04": {400, medium},
		"TLS-01": {319, high}, "TLS-02": {295, high}, "TLS-03": {327, medium}, "TLS-04": {327, low}, "TLS-05": {298, low},
		"OBS-01": {532, high}, "LED-02": forged, "LOAD-08": forged,
	}
	if w, known := byID[id]; known {
		return w, w.cwe != 0
	}
	family, _, _ := strings.Cut(id, "-")
	switch family {
	case "SIG", "API":
		return forged, true
	case "RPL":
		return weakness{294, medium}, true // authentication bypass by capture and replay
	}
	return weakness{}, false
}
