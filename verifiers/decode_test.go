package verifiers

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/google/go-github/v93/github"
	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/webhooks"
	"github.com/slack-go/slack/slackevents"
	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"hookdrill/mockclaude"
)

// eachEvent sends events of every type of a contract, and gives what arrived to a test.
func eachEvent(t *testing.T, name string, test func(t *testing.T, d mockclaude.Delivery, got request)) {
	t.Helper()
	c := load(t, name)
	w := newWire(t, c)
	for _, typ := range types(c) {
		t.Run(typ, func(t *testing.T) {
			for seed := range uint64(draws) {
				d := w.delivery(t, typ, seed)
				test(t, d, w.send(t, d))
			}
		})
	}
}

// wantWhole is for the values that Stainless generates: every field that the API requires is
// there, and none that the type does not know.
func wantWhole(t *testing.T, value any) {
	t.Helper()
	v := reflect.ValueOf(value)
	meta := v.FieldByName("JSON")
	for field := range v.Type().Fields() {
		if field.Tag.Get("api") != "required" {
			continue
		}
		valid := meta.FieldByName(field.Name).MethodByName("Valid").Call(nil)
		if !valid[0].Bool() {
			t.Errorf("%s: %s is missing", v.Type().Name(), field.Name)
		}
		if inner := v.FieldByIndex(field.Index); inner.Kind() == reflect.Struct && inner.FieldByName("JSON").IsValid() {
			if !strings.HasSuffix(inner.Type().Name(), "Union") {
				wantWhole(t, inner.Interface())
			}
		}
	}
	if extra := meta.FieldByName("ExtraFields"); extra.IsValid() && extra.Len() > 0 {
		t.Errorf("%s does not know %v", v.Type().Name(), extra.MapKeys())
	}
}

func TestAnthropicDecodes(t *testing.T) {
	t.Parallel()
	client := anthropic.NewClient(anthropicoption.WithAPIKey("unused"), anthropicoption.WithWebhookKey(key))
	kinds := map[string]bool{}
	eachEvent(t, "claude-managed-agents", func(t *testing.T, d mockclaude.Delivery, got request) {
		e, err := client.Beta.Webhooks.Unwrap(got.body, got.header)
		if err != nil {
			t.Fatal(err)
		}
		if e.ID != d.EventID || e.ID != got.header.Get("webhook-id") || e.Type != "event" || e.CreatedAt.IsZero() || e.Data.Type != d.Type || e.Data.ID != d.TaskID {
			t.Errorf("%+v", e)
		}
		wantWhole(t, *e)
		variant := e.Data.AsAny()
		if variant == nil {
			t.Fatalf("the union does not know %s", d.Type)
		}
		wantWhole(t, variant)
		kinds[reflect.TypeOf(variant).Name()] = true
	})
	if len(kinds) != 38 {
		t.Errorf("%d of the 38 documented types: %v", len(kinds), kinds)
	}
}

func TestOpenAIDecodes(t *testing.T) {
	t.Parallel()
	service := webhooks.NewWebhookService(openaioption.WithWebhookSecret(key))
	eachEvent(t, "openai", func(t *testing.T, d mockclaude.Delivery, got request) {
		e, err := service.Unwrap(got.body, got.header)
		if err != nil {
			t.Fatal(err)
		}
		if e.Type != d.Type || e.CreatedAt == 0 || e.ID == got.header.Get("webhook-id") || !strings.HasPrefix(e.ID, "evt_") {
			t.Errorf("%+v", e)
		}
		if e.Data.ID != d.TaskID && e.Data.CallID != d.TaskID {
			t.Errorf("it is about %q and %q, want %s", e.Data.ID, e.Data.CallID, d.TaskID)
		}
		variant := e.AsAny()
		if variant == nil {
			t.Fatalf("the union does not know %s", d.Type)
		}
		wantWhole(t, variant)
	})
}

func TestStripeDecodes(t *testing.T) {
	t.Parallel()
	objects := map[string]struct {
		object string
		value  any
	}{
		"payment_intent.succeeded":      {"payment_intent", new(stripe.PaymentIntent)},
		"invoice.paid":                  {"invoice", new(stripe.Invoice)},
		"checkout.session.completed":    {"checkout.session", new(stripe.CheckoutSession)},
		"customer.subscription.deleted": {"subscription", new(stripe.Subscription)},
	}
	eachEvent(t, "stripe", func(t *testing.T, d mockclaude.Delivery, got request) {
		e, err := webhook.ConstructEvent(got.body, got.header.Get("Stripe-Signature"), key)
		if err != nil {
			t.Fatal(err)
		}
		want := objects[d.Type]
		if string(e.Type) != d.Type || e.ID != d.EventID || e.Object != "event" || e.Created == 0 || e.Data.Object["object"] != want.object {
			t.Errorf("%+v", e)
		}
		value := reflect.New(reflect.TypeOf(want.value).Elem())
		if err := json.Unmarshal(e.Data.Raw, value.Interface()); err != nil {
			t.Fatal(err)
		}
		if id := value.Elem().FieldByName("ID").String(); id != d.TaskID {
			t.Errorf("%s has the id %q, want %s", want.object, id, d.TaskID)
		}
	})
}

func TestGitHubDecodes(t *testing.T) {
	t.Parallel()
	eachEvent(t, "github", func(t *testing.T, d mockclaude.Delivery, got request) {
		r := got.httpRequest(t)
		body, err := github.ValidatePayload(r, []byte(key))
		if err != nil {
			t.Fatal(err)
		}
		if github.WebHookType(r) != d.Type || github.DeliveryID(r) != d.EventID {
			t.Errorf("%s %s", github.WebHookType(r), github.DeliveryID(r))
		}
		event, err := github.ParseWebHook(github.WebHookType(r), body)
		if err != nil {
			t.Fatal(err)
		}
		whole, about := false, d.TaskID
		switch e := event.(type) {
		case *github.PushEvent:
			whole = e.GetRef() != "" && e.GetPusher().GetName() != "" && len(e.Commits) > 0 && e.GetRepo().GetFullName() != ""
			about = e.GetAfter()
		case *github.PullRequestEvent:
			whole = e.GetAction() != "" && e.GetNumber() == e.GetPullRequest().GetNumber() && e.GetRepo().GetFullName() != ""
			about = number(e.GetPullRequest().GetID())
		case *github.IssuesEvent:
			whole = e.GetAction() != "" && e.GetIssue().GetTitle() != "" && e.GetRepo().GetFullName() != ""
			about = number(e.GetIssue().GetID())
		case *github.WorkflowRunEvent:
			whole = e.GetAction() == "completed" && e.GetWorkflowRun().GetConclusion() != "" && e.GetWorkflow().GetPath() != ""
			about = number(e.GetWorkflowRun().GetID())
		case *github.PingEvent:
			whole = e.GetZen() != "" && e.GetHookID() == e.GetHook().GetID()
		}
		if !whole || about != d.TaskID {
			t.Errorf("%T is about %q, want %s:\n%s", event, about, d.TaskID, body)
		}
	})
}

func number(id int64) string {
	text, err := json.Marshal(id)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func TestSlackDecodes(t *testing.T) {
	t.Parallel()
	eachEvent(t, "slack", func(t *testing.T, d mockclaude.Delivery, got request) {
		e, err := slackevents.ParseEvent(got.body, slackevents.OptionNoVerifyToken())
		if err != nil {
			t.Fatal(err)
		}
		if d.Type == slackevents.URLVerification {
			ask, ok := e.Data.(*slackevents.EventsAPIURLVerificationEvent)
			if !ok || e.Type != slackevents.URLVerification || ask.Challenge == "" || ask.Token == "" {
				t.Errorf("%+v", e)
			}
			return
		}
		outer, ok := e.Data.(*slackevents.EventsAPICallbackEvent)
		if !ok || e.Type != slackevents.CallbackEvent || outer.EventID != d.EventID || outer.EventTime == 0 || e.InnerEvent.Type != d.Type {
			t.Fatalf("%+v", e)
		}
		whole := false
		switch in := e.InnerEvent.Data.(type) {
		case *slackevents.MessageEvent:
			whole = in.User != "" && in.Text != "" && in.ClientMsgID == d.TaskID && in.Channel != "" && in.TimeStamp != ""
		case *slackevents.AppMentionEvent:
			whole = in.User != "" && in.Text != "" && in.Channel != "" && in.TimeStamp != ""
		case *slackevents.ReactionAddedEvent:
			whole = in.User != "" && in.Reaction != "" && in.Item.Timestamp == d.TaskID && in.Item.Channel != ""
		}
		if !whole {
			t.Errorf("%T %+v", e.InnerEvent.Data, e.InnerEvent.Data)
		}
	})
}
