package zoo

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// API is where a receiver of thin events fetches what they name.
type API struct{ URL, Key string }

// The contracts of the zoo; claude is that of an animal that names none.
const (
	contractManaged = "claude-managed-agents"
	contractStripe  = "stripe"
	contractGitHub  = "github"
	contractSlack   = "slack"
	contractShopify = "shopify"
)

// Foreign lists the receivers for other contracts than claude: for each a correct
// one, and the defects that exist only there. They are no part of All.
func Foreign() []Animal {
	return slices.Concat(managedAnimals(), managedAPIAnimals(), stripeAnimals(), gitHubAnimals(), slackAnimals(), shopifyAnimals())
}

// speak turns a receiver for claude into a correct one for another contract.
func (rc *receiver) speak(contract string) {
	switch contract {
	case contractManaged:
		rc.speakManaged()
	case contractStripe:
		rc.speakStripe()
	case contractGitHub:
		rc.speakGitHub()
	case contractSlack:
		rc.speakSlack()
	case contractShopify:
		rc.speakShopify()
	}
}

// of gives animals their contract.
func of(contract string, animals ...Animal) []Animal {
	for i := range animals {
		animals[i].Contract = contract
	}
	return animals
}

// decoded is the key that a secret of Standard Webhooks hides.
func decoded(secret string) string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return secret // nothing is signed with it
	}
	return string(key)
}

// unixTime reads a Unix timestamp, which is digits alone.
func unixTime(s string) (time.Time, bool) {
	n, err := strconv.ParseUint(s, 10, 37) // to the year 6325: milliseconds do not fit
	return time.Unix(int64(n), 0), err == nil
}

// forged is the answer to what is not rightly signed.
func forged() *answer { return say(http.StatusUnauthorized, "signature missing or wrong") }

// afterLastDot is the state that a type names.
func afterLastDot(kind string) string { return kind[strings.LastIndexByte(kind, '.')+1:] }
