package vectors

import (
	"fmt"
	"strings"
)

// labels are about what stands beside the signature in its header.
func (m *maker) labels() {
	label := func(result, comment, format string, flags ...string) {
		r := m.request()
		r.format = format
		m.add(result, comment, r, flags...)
	}
	format := m.how().Format
	switch format {
	case "{mac}":
		label(Acceptable, "a label, which this scheme has not", "sha256={mac}", "NoLabel")
	case "v1,{mac}":
		for _, l := range []string{"v2", "v1a", "v0", ""} {
			label(Invalid, fmt.Sprintf("the right signature under the label %q, of another version", l), l+",{mac}", "WrongLabel")
		}
		label(Acceptable, "no label", "{mac}", "NoLabel")
		label(Acceptable, "the label in upper case", "V1,{mac}", "NoLabel")
		label(Acceptable, "an equals sign behind the label", "v1={mac}", "NoLabel")
		label(Acceptable, "something behind a second comma", "v1,{mac},more", "NoLabel")
	case "t={timestamp},v1={mac}":
		for _, l := range []string{"v0", "v2", "v1a", "V1"} {
			label(Invalid, fmt.Sprintf("the right signature under the label %q, of another version", l), "t={timestamp},"+l+"={mac}", "WrongLabel")
		}
		label(Acceptable, "the signature before the time", "v1={mac},t={timestamp}", "NoLabel")
		label(Acceptable, "spaces behind the commas", "t={timestamp}, v1={mac}", "Whitespace")
		label(Valid, "a part that nobody knows, which is to be passed over", "t={timestamp},x=1,v1={mac}", "UnknownVersion")
		label(Valid, "a signature of version 0, of test events, before the right one", "t={timestamp},v0="+strings.Repeat("0", 64)+",v1={mac}", "UnknownVersion")
		m.add(Invalid, "no time", m.unsaid(func(r *request) { r.format = "v1={mac}" }), "Missing")
		m.add(Invalid, "an empty time", m.unsaid(func(r *request) { r.format = "t=,v1={mac}" }), "Missing")
		m.add(Invalid, "the signature alone", m.unsaid(func(r *request) { r.format = "{mac}" }), "Missing")
		m.add(Invalid, "a fresh time before the old one that is signed", m.unsaid(func(r *request) {
			r.format, r.stamp = "t="+stampText(now)+",t={timestamp},v1={mac}", stampText(now-86400)
		}), "Duplicate", "Stale")
		m.add(Invalid, "a fresh time behind the old one that is signed", m.unsaid(func(r *request) {
			r.format, r.stamp = "t={timestamp},v1={mac},t="+stampText(now), stampText(now-86400)
		}), "Duplicate", "Stale")
	default: // sha256= or v0=
		for _, l := range []string{"sha1", "sha512", "v1", "md5"} {
			label(Invalid, fmt.Sprintf("the right signature under the label %q, of something else", l), l+"={mac}", "WrongLabel")
		}
		label(Acceptable, "no label", "{mac}", "NoLabel")
		label(Acceptable, "the label in upper case", strings.ToUpper(strings.TrimSuffix(format, "{mac}"))+"{mac}", "NoLabel")
		label(Acceptable, "the label twice", strings.TrimSuffix(format, "{mac}")+format, "NoLabel")
	}
	if m.name == "github" {
		m.legacy()
	}
}

// legacy is the SHA-1 signature that GitHub still sends beside the other.
func (m *maker) legacy() {
	sha1 := func(content []byte) (string, error) { return hexOf(macOf(sha1New, []byte(m.key), content)), nil }
	r := m.request()
	r.sign, r.format = sha1, "sha1={mac}"
	m.add(Invalid, "a SHA-1 signature, named as such, in the header for SHA-256", r, "WrongAlgorithm", "WrongLabel")
	r = m.request()
	r.after = func(v *Vector, body []byte) []byte {
		v.Headers = append([][2]string{{"X-Hub-Signature", "sha1=" + hexOf(macOf(sha1New, []byte(m.key), body))}}, v.Headers...)
		return body
	}
	m.add(Valid, "the SHA-1 signature beside the other, as GitHub sends both", r, "OldHeader")
	r = m.request()
	r.unsaid = true
	r.after = func(v *Vector, body []byte) []byte {
		v.Headers = [][2]string{{"X-Hub-Signature", "sha1=" + hexOf(macOf(sha1New, []byte(m.key), body))}}
		return body
	}
	m.add(Acceptable, "the SHA-1 signature alone", r, "OldHeader", "WrongAlgorithm")
	r = m.request()
	r.format = "sha256=" + strings.Repeat("0", 64)
	r.after = func(v *Vector, body []byte) []byte {
		v.Headers = append(v.Headers, [2]string{"X-Hub-Signature", "sha1=" + hexOf(macOf(sha1New, []byte(m.key), body))})
		return body
	}
	m.add(Invalid, "a wrong SHA-256 signature beside a right SHA-1 one", r, "OldHeader", "NoProof")
}

// unsaid is a request that does not say by itself what was signed.
func (m *maker) unsaid(change func(r *request)) request {
	r := m.request()
	r.unsaid = true
	change(&r)
	return r
}

// lists are headers with several signatures, as during a rotation of keys.
func (m *maker) lists() {
	several := m.c.Signature.Several
	if several == "" {
		return
	}
	wrong := m.write(macOf(sha256New, []byte("another public key"), []byte("x")))
	other := m.write(plainSum([]byte("y")))
	format := m.how().Format
	further := func(mac string) string { return strings.Replace(several, "{mac}", mac, 1) }
	first := func(mac string) string { return strings.Replace(format, "{mac}", mac, 1) }
	list := func(result, comment, format string, flags ...string) {
		r := m.request()
		r.format = format
		m.add(result, comment, r, append([]string{"Several"}, flags...)...)
	}
	list(Valid, "the right signature before a wrong one", format+further(wrong))
	list(Valid, "the right signature behind a wrong one", first(wrong)+several)
	list(Valid, "the right signature between wrong ones", first(wrong)+several+further(other))
	list(Valid, "the right signature twice", format+several)
	list(Valid, "the right signature behind one that is cut short", first(wrong[:10])+several)
	list(Valid, "the right signature behind an empty one", first("")+several)
	list(Invalid, "two wrong signatures", first(wrong)+further(other), "NoProof")
	list(Invalid, "twenty wrong signatures", first(wrong)+strings.Repeat(further(other), 19), "NoProof")
	v2 := strings.Replace(several, "v1", "v2", 1)
	list(Invalid, "a wrong signature, and the right one under the label of another version", first(wrong)+v2, "WrongLabel")
	list(Valid, "the right signature before one of a version that nobody knows", format+strings.Replace(v2, "{mac}", wrong, 1), "UnknownVersion")
	if format == "v1,{mac}" {
		list(Valid, "the right signature behind an asymmetric one, which this scheme does not verify", "v1a,"+base64Of(make([]byte, 64))+" "+format, "UnknownVersion")
		list(Acceptable, "two spaces between the signatures", first(wrong)+" "+several, "Whitespace")
		list(Acceptable, "a tab between the signatures", first(wrong)+strings.Replace(several, " ", "\t", 1), "Whitespace")
		list(Acceptable, "a comma between the signatures", first(wrong)+","+format, "NoLabel")
		list(Acceptable, "a word without a comma beside the right signature", "word "+format, "NoLabel")
	} else {
		list(Acceptable, "a word without an equals sign beside the right signature", format+",word", "NoLabel")
		list(Acceptable, "a comma at the end", format+",", "NoLabel")
	}
}
