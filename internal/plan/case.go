package plan

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"time"

	"hookdrill/contract"
	"hookdrill/mockclaude"
	"hookdrill/scenarios"
)

// aMoment is a moment in Unix seconds, of as many digits as that of sending.
const aMoment = 1_767_225_600

// drawing is the state of drawing one case.
type drawing struct {
	con *contract.Contract
	// lenient: see that function.
	lenient bool
	rng     *rand.Rand
	v       variant
	limit   time.Duration
	events  map[string]mockclaude.Event
}

func drawCase(in Input, sc *scenarios.Scenario, v variant) (*Case, error) {
	d := &drawing{con: in.Contract, lenient: lenient(sc.Requirement, in.Contract), rng: source(in.Seed, sc.Requirement, v.name), v: v, limit: sc.Limit, events: map[string]mockclaude.Event{}}
	c := &Case{
		ID: sc.Requirement + "/" + v.name, Requirement: sc.Requirement, Name: v.name,
		Judge: sc.Judge, Limit: sc.Limit, Control: sc.Control, OneMoment: v.OneMoment, Call: v.Call,
	}
	for i, raw := range v.Steps {
		step, err := d.step(raw)
		if err != nil {
			return nil, fmt.Errorf("step %d: %w", i+1, err)
		}
		c.Steps = append(c.Steps, step)
	}
	if err := d.states(c); err != nil {
		return nil, err
	}
	c.Effects = effects(c)
	if sc.Control {
		before, err := d.twin()
		if err != nil {
			return nil, err
		}
		after, err := d.twin()
		if err != nil {
			return nil, err
		}
		c.Steps = append(append([]Step{before}, c.Steps...), after)
	}
	return c, nil
}

// effects is how many effects each event of the case must have, where that
// does not depend on the answers.
func effects(c *Case) map[string]int {
	can := map[string]string{}
	for _, d := range c.Deliveries() {
		switch {
		case d.Effect == scenarios.EffectOnce, can[d.EventID] == scenarios.EffectOnce:
			can[d.EventID] = scenarios.EffectOnce
		case d.Effect == scenarios.EffectMaybe, can[d.EventID] == scenarios.EffectMaybe:
			can[d.EventID] = scenarios.EffectMaybe
		default:
			can[d.EventID] = scenarios.EffectNever
		}
	}
	out := map[string]int{}
	for id, effect := range can {
		switch effect {
		case scenarios.EffectOnce:
			out[id] = 1
		case scenarios.EffectNever:
			out[id] = 0
		}
	}
	return out
}

func (d *drawing) states(c *Case) error {
	labels := make([]string, 0, len(d.v.State))
	for label := range d.v.State {
		labels = append(labels, label)
	}
	sort.Strings(labels)
	for _, label := range labels {
		e, err := d.event(label)
		if err != nil {
			return err
		}
		source, err := d.event(d.v.State[label])
		if err != nil {
			return err
		}
		for _, t := range d.con.Types {
			if t.Name == source.Type && t.State != "" {
				if c.State == nil {
					c.State = map[string]string{}
				}
				c.State[e.ID] = t.State
			}
		}
	}
	return nil
}

// event gives the event of a label, drawn when it is first asked for.
func (d *drawing) event(label string) (mockclaude.Event, error) {
	if e, ok := d.events[label]; ok {
		return e, nil
	}
	spec := d.v.Events[label]
	typ, err := d.typeOf(spec.Type)
	if err != nil {
		return mockclaude.Event{}, err
	}
	e, err := mockclaude.NewEvent(d.con, typ, d.rng)
	if err != nil {
		return e, err
	}
	if spec.TaskOf != "" {
		other, err := d.event(spec.TaskOf)
		if err != nil {
			return e, err
		}
		if d.subjectForm(typ) != d.subjectForm(other.Type) {
			return e, errNoPlace // two such events are never about the same thing
		}
		e.SetSubject(other.TaskID)
	}
	if spec.ID != "" || spec.IDOf != "" {
		prefix := d.con.IDForm().Prefix
		vars := map[string]string{"id": e.ID, "prefix": prefix}
		if spec.IDOf != "" {
			other, err := d.event(spec.IDOf)
			if err != nil {
				return e, err
			}
			vars["id_of"] = other.ID
			vars["swapcase"] = prefix + swapCase(strings.TrimPrefix(other.ID, prefix))
			vars["last"] = otherLast(other.ID)
		}
		text := spec.ID
		if text == "" {
			text = "{{id_of}}"
		}
		if e.ID, err = fill(text, vars, d.rng); err != nil {
			return e, err
		}
		if err := d.ids(spec, e.ID); err != nil {
			return e, err
		}
	}
	d.events[label] = e
	return e, nil
}

// subjectForm is how the ids of what events of a type are about look.
func (d *drawing) subjectForm(typ string) contract.Form {
	for _, t := range d.con.Types {
		if t.Name == typ {
			return t.SubjectForm()
		}
	}
	return d.con.Types[0].SubjectForm()
}

// fresh gives an event that no label names.
func (d *drawing) fresh(like string) (mockclaude.Event, error) {
	spec := d.v.Events[like].Type
	if spec == "{{handshake}}" {
		spec = ""
	}
	typ, err := d.typeOf(spec)
	if err != nil {
		return mockclaude.Event{}, err
	}
	if !d.con.Documented(typ) {
		typ = d.con.Types[0].Name
	}
	return mockclaude.NewEvent(d.con, typ, d.rng)
}

// twin is a step with a valid event that differs from the case in nothing but
// the case's mutation and its own id.
func (d *drawing) twin() (Step, error) {
	e, err := d.fresh("a")
	if err != nil {
		return Step{}, err
	}
	valid, err := d.delivery(scenarios.Step{Expect: scenarios.ExpectAccepted}, e)
	valid.Role = RoleControl
	return Step{Deliveries: []Delivery{valid}}, err
}

func (d *drawing) step(raw scenarios.Step) (Step, error) {
	out := Step{Mode: raw.Mode, Wait: raw.Wait, Every: raw.Every}
	label := raw.Event
	if label == "" {
		label = "a"
	}
	copies := max(raw.Copies, 1)
	same := raw.Mode == scenarios.ModeTogether || raw.Mode == scenarios.ModeAgain
	for i := range copies {
		var e mockclaude.Event
		var err error
		if raw.Copies == 0 || same {
			e, err = d.event(label)
		} else {
			e, err = d.fresh(label)
		}
		if err != nil {
			return out, err
		}
		use := raw
		if raw.Mix > 0 && i%raw.Mix == raw.Mix-1 {
			use = scenarios.Step{Expect: scenarios.ExpectRefused, Sign: &scenarios.Sign{MAC: scenarios.MACRandom}, Shape: raw.Shape}
			if i/raw.Mix%2 == 1 {
				use.Sign = &scenarios.Sign{None: true}
			}
		}
		one, err := d.delivery(use, e)
		if err != nil {
			return out, err
		}
		if raw.Premise {
			one.Role = RolePremise
		}
		if i > 0 && same {
			one = out.Deliveries[0]
		}
		if d.limit > 0 && (raw.Mode == scenarios.ModeTrickle || raw.Mode == scenarios.ModeMeanwhile) {
			one.Timeout = 2 * d.limit // late is late: nobody waits for the rest
		}
		out.Deliveries = append(out.Deliveries, one)
	}
	return out, d.background(raw, &out)
}

func (d *drawing) background(raw scenarios.Step, out *Step) error {
	n := raw.Clients
	use := scenarios.Step{Expect: scenarios.ExpectAny, Effect: scenarios.EffectNever}
	if raw.Big > 0 {
		n = 1
		use.Pad, use.Expect, use.Effect = raw.Big, scenarios.ExpectClosed, scenarios.EffectMaybe
	}
	for range n {
		e, err := d.fresh("a")
		if err != nil {
			return err
		}
		one, err := d.delivery(use, e)
		if err != nil {
			return err
		}
		out.Background = append(out.Background, one)
	}
	return nil
}

func (d *drawing) delivery(raw scenarios.Step, e mockclaude.Event) (Delivery, error) {
	o, err := newObject(d.con, e)
	if err != nil {
		return Delivery{}, err
	}
	vars := map[string]string{
		"id": e.ID, "type": e.Type, "task": e.TaskID, "data": o.dataValue(),
		"prefix": d.con.IDForm().Prefix, "each": d.v.each, "signature_header": d.con.Signature.Header,
	}
	out := Delivery{Role: RoleCase, Expect: raw.Expect, Status: raw.Status, Effect: d.effect(raw, e)}
	if d.lenient && raw.Expect == scenarios.ExpectRefused {
		out.Expect, out.Effect = scenarios.ExpectNotServer, scenarios.EffectMaybe
	}
	out.Delivery = mockclaude.Delivery{
		EventID: e.ID, Type: e.Type, TaskID: e.TaskID,
		Method: raw.Method, HeaderCase: raw.HeaderCase, HeaderOrder: raw.HeaderOrder,
		Stamp: mockclaude.Stamp{Offset: d.offset(raw), Format: raw.StampFormat},
	}
	for _, name := range raw.Drop {
		if name == "{{auth_headers}}" {
			out.Drop = append(out.Drop, d.con.AuthHeaders()...)
			continue
		}
		out.Drop = append(out.Drop, strings.ReplaceAll(name, "{{each}}", d.v.each))
	}
	if out.Sign, err = d.sign(raw, e, vars); err != nil {
		return out, err
	}
	if raw.Body == nil {
		if err := d.fields(raw, o, &out, vars); err != nil {
			return out, err
		}
	}
	if out.Body, err = d.body(raw, o, vars); err != nil {
		return out, err
	}
	if raw.Echo {
		if out.Echo, err = d.echo(e); err != nil {
			return out, err
		}
	}
	if raw.FreshHeader {
		out.HeaderStamp = &mockclaude.Stamp{}
	}
	if out.Query, err = fill(raw.Query, vars, d.rng); err != nil {
		return out, err
	}
	for _, h := range raw.Header {
		if err := d.elsewhere(raw, h.Name); err != nil {
			return out, err
		}
		value, err := fill(h.Value, vars, d.rng)
		if err != nil {
			return out, err
		}
		out.Header = append(out.Header, mockclaude.Field{Name: h.Name, Value: value})
	}
	if s := raw.Shape; s != nil {
		out.Shape = mockclaude.Shape{Kind: s.Kind, Pieces: s.Pieces, Pause: s.Pause, CutAt: s.CutAt, GiveUp: s.GiveUp}
	}
	for _, c := range raw.After {
		change, err := d.change(c, e, &out)
		if err != nil {
			return out, err
		}
		if change.Op != "" {
			out.After = append(out.After, change)
		}
	}
	return out, nil
}

func (d *drawing) body(raw scenarios.Step, o *object, vars map[string]string) (string, error) {
	text := ""
	switch {
	case raw.Body != nil:
		text = *raw.Body
	default:
		if raw.Pad > 0 {
			plain, err := o.render(raw.Style)
			if err != nil {
				return "", err
			}
			size := len(plain)
			if whole, err := mockclaude.Expand(plain, time.Unix(aMoment, 0), mockclaude.Stamp{}); err == nil {
				size = len(whole) // stamps are not as long as what stands for them
			}
			o.pad(raw.Pad - size)
		}
		rendered, err := o.render(raw.Style)
		if err != nil {
			return "", err
		}
		text = rendered
	}
	return fill(raw.Before+text+raw.Behind, vars, d.rng)
}

func (d *drawing) effect(raw scenarios.Step, e mockclaude.Event) string {
	if raw.Effect != "" {
		return raw.Effect
	}
	switch raw.Expect {
	case scenarios.ExpectAccepted, scenarios.ExpectNotMoved:
		if !d.con.Documented(e.Type) || !d.con.HasID() {
			return scenarios.EffectMaybe
		}
		return scenarios.EffectOnce
	case scenarios.ExpectRefused, scenarios.ExpectClosed, scenarios.ExpectNotOK, scenarios.ExpectStatus:
		return scenarios.EffectNever
	}
	return scenarios.EffectMaybe
}

func (d *drawing) sign(raw scenarios.Step, e mockclaude.Event, vars map[string]string) (mockclaude.Sign, error) {
	s := raw.Sign
	if s == nil {
		return mockclaude.Sign{}, nil
	}
	out := mockclaude.Sign{Algorithm: s.Algorithm, List: s.List, Format: s.Format}
	switch {
	case s.MAC != "":
		out.Mode, out.Value = mockclaude.SignMAC, d.mac(s.MAC)
	case s.None:
		out.Mode = mockclaude.SignNone
	case s.Key != nil:
		out.Mode, out.Key = mockclaude.SignKey, *s.Key
		if *s.Key == "{{random}}" {
			out.Key = draw(d.rng, idDigits, 40)
		}
	case s.Previous:
		out.Mode = mockclaude.SignPrevious
	case s.Algorithm != "":
		out.Mode = mockclaude.SignAlgorithm
	case s.Literal != nil:
		value, err := fill(*s.Literal, vars, d.rng)
		if err != nil {
			return out, err
		}
		out.Mode, out.Value = mockclaude.SignLiteral, value
	case s.OtherEvent:
		other, err := mockclaude.NewEvent(d.con, e.Type, d.rng)
		if err != nil {
			return out, err
		}
		out.Mode, out.Body = mockclaude.SignOther, other.Template(d.con)
		out.EventID = d.signedID(other)
	case s.OfEvent != "":
		other, err := d.event(s.OfEvent)
		if err != nil {
			return out, err
		}
		out.Mode, out.Body = mockclaude.SignOther, other.Template(d.con)
		out.EventID = d.signedID(other)
	case s.StaleBody != 0:
		out.Mode, out.Body = mockclaude.SignOther, e.Template(d.con)
		out.Stamp = mockclaude.Stamp{Offset: -s.StaleBody}
	}
	if err := d.otherwise(s, &out); err != nil {
		return out, err
	}
	d.shorten(s, &out)
	return out, nil
}

// signedID is the id of an event where the contract signs it beside the body.
func (d *drawing) signedID(e mockclaude.Event) string {
	if d.con.SignsID() {
		return e.ID
	}
	return ""
}

func (d *drawing) change(c scenarios.Change, e mockclaude.Event, out *Delivery) (mockclaude.Change, error) {
	switch {
	case c.Flip:
		// One letter of the task's id: the JSON stays well-formed.
		if !d.con.HasSubject() {
			return mockclaude.Change{Op: "flip", At: len(out.Body) / 2}, nil
		}
		if !strings.Contains(out.Body, e.TaskID) {
			return mockclaude.Change{}, errors.New("flip: the body does not hold the task's id")
		}
		changed := e.TaskID[:len(e.TaskID)-1] + string(e.TaskID[len(e.TaskID)-1]^1)
		return mockclaude.Change{Op: "replace", Old: e.TaskID, Text: changed}, nil
	case c.NewID:
		return d.renamed(e, out)
	case c.NewType:
		return d.retyped(e, out)
	}
	return mockclaude.Change{Op: "append", Text: c.Append}, nil
}
