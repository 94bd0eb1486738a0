// Package suggest finds the word that somebody probably meant, for errors about
// unknown names. It must not know what the words are for.
package suggest

import "strings"

// Nearest returns the word of known that is nearest to word, and "" when none
// is close. Upper and lower case count as the same. Of several equally near
// words it returns the first.
//
// Near means that the number of letters to insert, drop, replace or swap with
// their neighbour is at most a third of the word's length, rounded up.
func Nearest(word string, known []string) string {
	typed := []rune(strings.ToLower(word))
	best, nearest := "", (len(typed)+2)/3+1
	for _, k := range known {
		if d := distance(typed, []rune(strings.ToLower(k))); d < nearest {
			best, nearest = k, d
		}
	}
	return best
}

// distance is the number of insertions, deletions, replacements and swaps of
// neighbours that turn a into b (optimal string alignment).
func distance(a, b []rune) int {
	// Three rows of the table suffice: a swap looks two rows back.
	before, above := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := range a {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(above[j+1]+1, row[j]+1, above[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, above = above, row
	}
	return above[len(b)]
}
