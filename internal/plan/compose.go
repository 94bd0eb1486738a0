package plan

import (
	"encoding/json"
	"errors"

	"hookdrill/contract"
	"hookdrill/mockclaude"
	"hookdrill/scenarios"
)

// Compose writes the body of one event by hand: data replaces the event's own
// unless it is nil, then the edits are applied in order. The result is a
// template for mockclaude.Delivery.
func Compose(c *contract.Contract, e mockclaude.Event, data json.RawMessage, edits []scenarios.Edit) (string, error) {
	o, err := newObject(c, e)
	if err != nil {
		return "", err
	}
	if data != nil {
		if !json.Valid(data) {
			return "", errors.New("compose event: data is not JSON")
		}
		o.edit(scenarios.Edit{Set: "data", To: string(data)})
	}
	for _, edit := range edits {
		o.edit(edit)
	}
	return o.render("compact")
}
