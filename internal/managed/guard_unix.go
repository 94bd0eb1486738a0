//go:build unix

package managed

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

// guard is a process that ends a receiver when hookdrill ends without having done so, killed or
// crashed: the end of the pipe between them tells it.
type guard struct {
	cmd  *exec.Cmd
	pipe *os.File
}

// guardScript is told the group on the first line. It is of another group than hookdrill, which
// Ctrl-C does not reach.
const guardScript = `trap '' INT TERM HUP QUIT
read -r group || exit 0
read -r word
[ "$word" = done ] && exit 0
kill -s KILL -- "-$group" 2>/dev/null
for f in /proc/[0-9]*/environ; do
	grep -qsF -- "$1" "$f" && p=${f#/proc/} && kill -s KILL "${p%/environ}" 2>/dev/null
done
[ -n "$2" ] && rm -rf -- "$2"
exit 0`

// newGuard starts a guard, which in the end also removes a folder, unless it is "".
func newGuard(mark, scratch string) (*guard, error) {
	near, far, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start guard: %w", err)
	}
	defer func() { _ = near.Close() }()
	cmd := exec.Command("/bin/sh", "-c", guardScript, "hookdrill-guard", mark, scratch) //nolint:gosec,noctx // our own script, which outlives hookdrill
	cmd.Stdin = near
	group(cmd)
	if err := cmd.Start(); err != nil {
		_ = far.Close()
		return nil, fmt.Errorf("start guard: %w", err)
	}
	return &guard{cmd, far}, nil
}

// watch tells it whom to end.
func (g *guard) watch(group int) { _, _ = g.pipe.WriteString(strconv.Itoa(group) + "\n") }

// release lets it go: the group is gone.
func (g *guard) release() {
	_, _ = g.pipe.WriteString("done\n")
	_ = g.pipe.Close()
	_ = g.cmd.Wait()
}
