package reports

import "strings"

// incident is one of the ways in which webhook receivers fail in production.
type incident struct{ Name, Happens string }

func (i incident) String() string {
	if i.Name == "" {
		return ""
	}
	return i.Name + ": " + i.Happens
}

// Incident says which production incident a check helps to prevent, and what happens in it;
// "" where there is none.
func Incident(id string) string { return incidentOf(id).String() }

// incidentOf gives the incident that a check helps to prevent; none where a
// check stands for a nuisance rather than for one of them.
func incidentOf(id string) incident {
	bypass := incident{"Signature bypass", "forged events trigger false alerts, or corrupt data."}
	double := incident{"Duplicate processing", "double records, double charges, repeated notifications."}
	timeout := incident{"Endpoint timeout", "the sender gives up and sends again, to a receiver that is slow already."}
	exhausted := incident{"Connection exhaustion", "new events fail, because all database connections are taken."}
	silent := incident{"Silent failure", "a 200 without processing: the sender believes that the event was delivered."}
	replay := incident{"Clock skew and replay", "a captured event is accepted hours or days later."}
	byID := map[string]incident{
		"HTTP-01": bypass, "HTTP-04": timeout, "PAY-11": timeout, "PAY-12": silent, "RAW-09": exhausted,
		"DUR-01": silent, "DUR-02": silent, "DUR-03": silent, "DUR-04": timeout, "DUR-05": exhausted, "DUR-06": silent,
		"LED-01": silent, "LED-02": bypass, "LOAD-03": timeout, "LOAD-05": double, "LOAD-08": bypass, "LOAD-09": timeout,
		"API-01": bypass, "API-02": bypass, "API-05": timeout, "API-06": silent, "API-09": bypass, "API-10": bypass, "OBS-01": bypass,
	}
	if found, known := byID[id]; known {
		return found
	}
	family, _, _ := strings.Cut(id, "-")
	switch family {
	case "SIG":
		return bypass
	case "IDEM", "RTY":
		return double
	case "TIME":
		return timeout
	case "RPL":
		return replay
	}
	return incident{}
}
