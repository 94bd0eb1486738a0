package reports

// point is one of the ten points that a receiver should have behind it before it is launched, and
// what hookdrill can say of it.
type point struct {
	key, title string
	// families and ids name the checks that bear on it.
	families, ids []string
	// part: whatever passes, checks show a part of the point and never the whole.
	part bool
	// unseen is what no run looks at, person what somebody has to do whatever the run says.
	unseen, person []string
}

// points are those of the guide, in its order.
func points() []point {
	return []point{
		{
			key: "signature_verification", title: "Signature verification", families: []string{"SIG", "RAW"}, ids: []string{"API-01", "API-08", "API-09", "API-10", "RPL-08", "LOAD-08"},
			unseen: []string{"whether the comparison takes constant time: over a network that cannot be told"},
			person: []string{"Read the code: a constant-time comparison, of the raw body.", "Make sure that production has a key of its own."},
		},
		{
			key: "idempotency", title: "Deduplication by event id", families: []string{"IDEM", "RTY"}, ids: []string{"LED-01", "LOAD-05", "API-06"},
			unseen: []string{"how long ids are kept: copies come within a run, not after days"},
			person: []string{"Keep processed ids for 90 days, then clean them up.", "With several instances, run it against all of them: --target URL,URL."},
		},
		{
			key: "connection_pooling", title: "Connection pooling", ids: []string{"DUR-03", "DUR-04", "DUR-05", "IDEM-03"},
			unseen: []string{"the size of the pool and how much of it is in use", "whether there is a pool at all, unless hookdrill started the receiver with its database (--exec)"},
			person: []string{"Set the pool's size (10 to 20 connections a core) and a timeout for getting one.", "Alert at 80 % in use."},
		},
		{
			key: "status_codes", title: "Status codes", families: []string{"PAY", "HTTP"}, ids: []string{"SIG-15", "DUR-03", "LOAD-04", "API-03"},
			unseen: []string{"what your own business rules answer"},
			person: []string{"Answer 5xx only for what a retry can mend, and 4xx only for what it cannot."},
		},
		{
			key: "structured_logging", title: "Structured logging", families: []string{"OBS"},
			unseen: []string{"whether every line has event_id, event_type, task_id and processing_time_ms", "where logs go, and for how long they are kept"},
			person: []string{"Look for one event of this run in your log search, by its id."},
		},
		{
			key: "monitoring_and_alerting", title: "Monitoring and alerting",
			unseen: []string{"dashboards and alerts: hookdrill sees the endpoint, not who watches it"},
			person: []string{
				"Alert on 5xx at once, on more than 1 % errors for 5 min, on a p99 over 1 s for 10 min, on a backlog for 15 min; report duplicates daily.",
				"Make each alert go off once.",
			},
		},
		{
			key: "load_test", title: "Load test at 100 events a second or more", families: []string{"LOAD"},
			unseen: []string{"the network between the sender and you, and what else your machines do in production"},
			person: []string{"Test on machines like those of production, with its database."},
		},
		{
			key: "disaster_recovery", title: "Disaster recovery", part: true, families: []string{"DUR"}, ids: []string{"IDEM-10"},
			unseen: []string{"the loss of a machine, a disk, a zone or a backup"},
			person: []string{"Restore a backup, and time it.", "Decide what happens to events that the sender has given up on."},
		},
		{
			key: "security_audit", title: "Security audit", part: true, families: []string{"RPL", "TLS"},
			ids:    []string{"SIG-13", "SIG-14", "SIG-16", "SIG-17", "SIG-19", "PAY-08", "PAY-09", "PAY-11", "HTTP-01", "HTTP-04", "OBS-01", "LED-02", "LOAD-08", "API-01", "API-02"},
			unseen: []string{"who can read the key, dependencies, and everything behind the endpoint"},
			person: []string{"Rotate the key once, and watch that no event is refused meanwhile.", "List who has access to the key and to the tables."},
		},
		{
			key: "documentation", title: "Documentation and runbooks",
			unseen: []string{"documents"},
			person: []string{"Write down what to do for each alert, and have somebody else follow it."},
		},
	}
}
