package contract_test

import (
	"slices"
	"strings"
	"testing"

	"hookdrill/contract"
)

// TestSilentPointsAreAssumptions: what a built-in contract does not state is owned up to on
// its page, and so are values that no source gives.
func TestSilentPointsAreAssumptions(t *testing.T) {
	t.Parallel()
	for _, name := range contract.Names() {
		c, err := contract.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		rows := map[string]contract.Row{}
		for _, s := range c.Page() {
			for _, r := range s.Rows {
				rows[r.Name] = r
				if strings.Contains(r.Text, "not stated") && len(r.Assumed) == 0 && s.Title != "Assumptions" {
					t.Errorf("%s: %s: %s, and no assumption about it", name, r.Name, r.Text)
				}
			}
		}
		if r := rows["service levels"]; name != "claude" && len(r.Assumed) == 0 {
			t.Errorf("%s: the service levels are no assumption", name)
		}
	}
}

func TestPageSaysWhatACheckerNeeds(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"claude":                {"hmac-sha256 over {body}, in hex", "at most 300s from now, in both directions", "10 after the first attempt"},
		"stripe":                {"Stripe-Signature: t={timestamp},v1={mac}", `adds ",v1={mac}"`, "at most 300s old", "the body's data.object.id", "RPL-02: the contract stripe limits"},
		"claude-managed-agents": {"decoded from base64 without its prefix whsec_", "disables the endpoint at once", "header webhook-id, and the body's id", "whe_{{random_id:24}}"},
		"github":                {"header X-GitHub-Event", "ping, answered by any 2xx", "RPL-08: the contract github has no limit of age"},
		"slack":                 {"hmac-sha256 over v0:{timestamp}:{body}", "whose body holds the payload's challenge", "followed"},
		"standard-webhooks":     {"429 502 504", "by a 410 at once"},
	} {
		c, err := contract.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for _, s := range c.Page() {
			for _, r := range s.Rows {
				text.WriteString(r.Name + " " + r.Text + "\n")
			}
		}
		for _, w := range want {
			if !strings.Contains(text.String(), w) {
				t.Errorf("%s: no %q in\n%s", name, w, text.String())
			}
		}
	}
}

func TestWhatAContractHas(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		signsTimestamp, signsID, idInHeader, hasID, fresh bool
		auth                                              string
		not                                               string
	}{
		"claude":                {false, false, false, true, true, "X-Claude-Signature", "API"},
		"claude-managed-agents": {true, true, true, true, true, "webhook-signature webhook-id webhook-timestamp", "ORD RPL-06"},
		"standard-webhooks":     {true, true, true, true, true, "webhook-signature webhook-id webhook-timestamp", "SIG-15 ORD RPL-06 API"},
		"openai":                {true, true, true, true, true, "webhook-signature webhook-id webhook-timestamp", "SIG-15 ORD RPL-06 API"},
		"svix":                  {true, true, true, true, true, "svix-signature svix-id svix-timestamp", "SIG-15 ORD RPL-06 API"},
		"stripe":                {true, false, false, true, true, "Stripe-Signature", "SIG-15 ORD RPL-02 RPL-06 API"},
		"slack":                 {true, false, false, true, true, "X-Slack-Signature X-Slack-Request-Timestamp", "SIG-15 ORD RPL-06 API"},
		"github": {
			false, false, true, true, false, "X-Hub-Signature-256",
			"SIG-15 PAY-07 ORD RPL API",
		},
		"shopify": {
			false, false, true, true, false, "X-Shopify-Hmac-SHA256",
			"PAY-07 ORD RPL API",
		},
		"sentry": {
			false, false, false, false, false, "Sentry-Hook-Signature",
			"SIG-14 SIG-15 PAY-03 PAY-09 PAY-12 IDEM ORD RPL RTY LED DUR API",
		},
	} {
		c, err := contract.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if c.SignsTimestamp() != want.signsTimestamp || c.SignsID() != want.signsID || c.IDInHeader() != want.idInHeader ||
			c.HasID() != want.hasID || c.HasFreshness() != want.fresh || !c.HasSubject() {
			t.Errorf("%s: %v %v %v %v %v", name, c.SignsTimestamp(), c.SignsID(), c.IDInHeader(), c.HasID(), c.HasFreshness())
		}
		if got := strings.Join(c.AuthHeaders(), " "); got != want.auth {
			t.Errorf("%s: authenticated by %s, want %s", name, got, want.auth)
		}
		all, err := contract.Requirements()
		if err != nil {
			t.Fatal(err)
		}
		not := collapsed(c, all)
		if got := strings.Join(not, " "); got != want.not {
			t.Errorf("%s: not applicable are %s\nwant %s", name, got, want.not)
		}
	}
}

// collapsed lists what is not applicable: a family, where all of it is, and ids otherwise.
func collapsed(c *contract.Contract, all []contract.Requirement) []string {
	applies := map[string]bool{}
	for _, r := range all {
		if c.NotApplicable(r.ID) == "" {
			applies[r.Family] = true
		}
	}
	var out []string
	for _, r := range all {
		switch {
		case !applies[r.Family] && !slices.Contains(out, r.Family):
			out = append(out, r.Family)
		case applies[r.Family] && c.NotApplicable(r.ID) != "":
			out = append(out, r.ID)
		}
	}
	return out
}
