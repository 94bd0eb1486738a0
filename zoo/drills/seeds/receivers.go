package main

// receiver is a receiver that is drilled, and what is to come of it.
type receiver struct {
	name string
	// on is its language and store, wrong its defect, "" for none.
	on, wrong string
	// command starts it; {bin}, {zoo} and {data} stand for the folder of built commands, the
	// folder of the drills' receivers, and a file for its data.
	command  string
	defect   string
	postgres bool
	// only are the drills to run; fails are those of them that must fail. The others must
	// pass, or not be applicable if they are among skips.
	only         []string
	fails, skips []string
}

const (
	onSQLite   = "Python, SQLite"
	onPostgres = "Go, PostgreSQL"
	ours       = "the reference receiver"
)

// onDatabase are the drills that need a database on a network.
func onDatabase() []string { return []string{"DUR-03", "DUR-04", "DUR-05", "DUR-07"} }

func receivers() []receiver {
	all := []string{"DUR", "IDEM-10"}
	python := func(defect, wrong string, only, fails, skips []string) receiver {
		name := "python-" + defect
		if wrong == "" {
			name = "python-correct" + map[bool]string{true: "", false: "-" + defect}[defect == ""]
		}
		return receiver{name, onSQLite, wrong, "exec python3 {zoo}/receiver.py", defect, false, only, fails, skips}
	}
	golang := func(defect, wrong string, only, fails []string) receiver {
		name := "postgres-" + defect
		if defect == "" {
			name = "postgres-correct"
		}
		return receiver{name, onPostgres, wrong, "exec {bin}/onpostgres", defect, true, only, fails, nil}
	}
	reference := func(name, on, flags string, postgres bool, skips []string) receiver {
		return receiver{"reference-" + name, ours + ", " + on, "", "exec {bin}/hookdrill receiver --probe --log-level error" + flags, "", postgres, all, nil, skips}
	}
	one := func(id string) []string { return []string{id} }
	return []receiver{
		python("", "", all, nil, onDatabase()),
		python("slow", "", all, nil, onDatabase()),
		golang("", "", all, nil),
		reference("transaction", "PostgreSQL, mode transaction", " --mode transaction", true, nil),
		reference("queue", "PostgreSQL, mode queue", " --mode queue", true, nil),
		reference("embedded", "its embedded store", " --data {data}", false, onDatabase()),
		python("acknowledge-first", "acknowledges, and commits in the background", one("DUR-01"), one("DUR-01"), nil),
		python("answers-first", "acknowledges, and commits at once after that", one("DUR-01"), one("DUR-01"), nil),
		python("seen-first", "marks an event as seen before it is processed", one("DUR-01"), one("DUR-01"), nil),
		python("acknowledge-first", "does not finish on SIGTERM what it acknowledged", one("DUR-02"), one("DUR-02"), nil),
		python("drains", "works in the background, and finishes it on SIGTERM: only a kill shows it", []string{"DUR-01", "DUR-02"}, one("DUR-01"), nil),
		python("cut-off", "ends at once on SIGTERM, in the middle of a request", one("DUR-02"), one("DUR-02"), nil),
		python("deaf", "does not end on SIGTERM", one("DUR-02"), one("DUR-02"), nil),
		python("memory", "knows duplicates from memory", one("IDEM-10"), one("IDEM-10"), nil),
		python("ephemeral", "keeps its data where the next start does not find it", one("DUR-06"), one("DUR-06"), nil),
		python("undo", "undoes the mark, and not the work, when an answer cannot be written", one("DUR-08"), one("DUR-08"), nil),
		python("one-reader", "reads one request at a time, however long it takes", one("DUR-09"), one("DUR-09"), nil),
		python("hasty", "gives a request one second to arrive", one("DUR-10"), one("DUR-10"), nil),
		golang("swallow", "swallows the database's errors and answers 200", one("DUR-03"), one("DUR-03")),
		golang("no-timeout", "waits for the database without a limit", one("DUR-04"), one("DUR-04")),
		golang("leak", "does not return a connection after an error", one("DUR-05"), one("DUR-05")),
		golang("storm", "repeats what came too late, at once and without end", one("DUR-05"), one("DUR-05")),
		golang("marks-apart", "processes and marks in two transactions", one("DUR-07"), one("DUR-07")),
		golang("commit-blind", "does not look whether a commit succeeded", one("DUR-07"), one("DUR-07")),
	}
}
