package vectors

import (
	"slices"
	"strings"
)

// headers are about the header fields: missing, empty, twice, changed after signing.
func (m *maker) headers() {
	how := m.how()
	changed := func(result, comment string, change func(v *Vector), flags ...string) {
		r := m.request()
		r.after = func(v *Vector, body []byte) []byte { change(v); return body }
		m.add(result, comment, r, flags...)
	}
	changed(Valid, "the names of the headers in lower case", func(v *Vector) { spell(v, strings.ToLower) }, "HeaderName")
	changed(Valid, "the names of the headers in upper case", func(v *Vector) { spell(v, strings.ToUpper) }, "HeaderName")
	changed(Valid, "the headers in the opposite order, and others among them", func(v *Vector) {
		slices.Reverse(v.Headers)
		v.Headers = append([][2]string{{"X-Forwarded-For", "203.0.113.7"}}, append(v.Headers, [2]string{"Accept", "*/*"})...)
	}, "HeaderName")
	changed(Invalid, "no header at all", func(v *Vector) { v.Headers = [][2]string{} }, "Missing")
	changed(Invalid, "the signature in the header Authorization", func(v *Vector) { rename(v, how.Header, "Authorization") }, "Missing")

	names := []string{how.Header}
	for _, name := range []string{how.IDHeader, how.TimestampHeader} {
		if name != "" {
			names = append(names, name)
		}
	}
	for _, name := range names {
		changed(Invalid, "no "+name, func(v *Vector) { rename(v, name, "") }, "Missing")
		changed(Invalid, "an empty "+name, func(v *Vector) { set(v, name, "") }, "Missing")
		changed(Acceptable, name+" twice, with the same value", func(v *Vector) {
			v.Headers = append(v.Headers, [2]string{name, get(v, name)})
		}, "Duplicate")
	}
	wrong := m.wrongHeader()
	changed(Acceptable, "two signature headers, the first right", func(v *Vector) {
		v.Headers = append(v.Headers, [2]string{how.Header, wrong})
	}, "Duplicate")
	changed(Acceptable, "two signature headers, the second right", func(v *Vector) {
		v.Headers = append([][2]string{{how.Header, wrong}}, v.Headers...)
	}, "Duplicate")
	changed(Invalid, "two signature headers, both wrong", func(v *Vector) {
		set(v, how.Header, wrong)
		v.Headers = append(v.Headers, [2]string{how.Header, wrong})
	}, "Duplicate", "NoProof")
	if how.IDHeader != "" {
		changed(Invalid, "another id than the one that is signed", func(v *Vector) { set(v, how.IDHeader, "msg_another") }, "ChangedHeader")
		changed(Invalid, "the id in lower case", func(v *Vector) { set(v, how.IDHeader, strings.ToLower(get(v, how.IDHeader))) }, "ChangedHeader")
		changed(Acceptable, "two ids, of which the first is signed", func(v *Vector) {
			v.Headers = append(v.Headers, [2]string{how.IDHeader, "msg_another"})
		}, "Duplicate")
		r := m.request()
		r.id = "a.1767225600.b"
		m.add(Valid, "an id with full stops in it", r)
	}
	if how.TimestampHeader != "" {
		changed(Invalid, "a later time than the one that is signed", func(v *Vector) { set(v, how.TimestampHeader, stampText(now+1)) }, "ChangedHeader")
		changed(Invalid, "an earlier time than the one that is signed", func(v *Vector) { set(v, how.TimestampHeader, stampText(now-1)) }, "ChangedHeader")
		m.add(Invalid, "an old request with a fresh time in place of the one that is signed", m.unsaid(func(r *request) {
			r.stamp = stampText(now - 86400)
			r.after = func(v *Vector, body []byte) []byte { set(v, how.TimestampHeader, stampText(now)); return body }
		}), "ChangedHeader", "Stale")
		for _, first := range []bool{true, false} {
			comment := "a fresh time behind the old one that is signed"
			if first {
				comment = "a fresh time before the old one that is signed"
			}
			m.add(Invalid, comment, m.unsaid(func(r *request) {
				r.stamp = stampText(now - 86400)
				r.after = func(v *Vector, body []byte) []byte {
					fresh := [2]string{how.TimestampHeader, stampText(now)}
					if first {
						v.Headers = append([][2]string{fresh}, v.Headers...)
					} else {
						v.Headers = append(v.Headers, fresh)
					}
					return body
				}
			}), "Duplicate", "Stale")
		}
	}
}

// wrongHeader is the value of the signature's header with a signature that is none.
func (m *maker) wrongHeader() string {
	return strings.NewReplacer("{mac}", m.write(plainSum([]byte("z"))), "{timestamp}", stampText(now)).Replace(m.how().Format)
}

func spell(v *Vector, change func(string) string) {
	for i := range v.Headers {
		v.Headers[i][0] = change(v.Headers[i][0])
	}
}

func get(v *Vector, name string) string {
	for _, h := range v.Headers {
		if h[0] == name {
			return h[1]
		}
	}
	return ""
}

func set(v *Vector, name, value string) {
	for i := range v.Headers {
		if v.Headers[i][0] == name {
			v.Headers[i][1] = value
		}
	}
}

// rename gives a header another name, and "" removes it.
func rename(v *Vector, name, to string) {
	for i := range v.Headers {
		if v.Headers[i][0] == name {
			v.Headers[i][0] = to
		}
	}
	v.Headers = slices.DeleteFunc(v.Headers, func(h [2]string) bool { return h[0] == "" })
}
