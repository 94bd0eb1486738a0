package zoo

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// rawDefects are the receivers that verify other bytes than those that came.
func rawDefects() []Animal {
	return []Animal{
		verifiesOther("reserialised-json", "the signature is checked over JSON.stringify(JSON.parse(body))",
			ids("RAW-01", "RAW-02", "SIG-05"), // a space appended makes no difference
			// Text that was escaped and need not be is signed otherwise; so are
			// duplicate keys, which may be refused but not with 5xx.
			holes("RAW-03"), restringify),
		verifiesOther("reserialised-with-spaces", "the signature is checked over Python's json.dumps, which puts spaces behind commas and colons",
			ids("SIG-01"), nil, func(body []byte) []byte { return respell(body, ", ", ": ") }),
		verifiesOther("body-trimmed", "white space around the body is cut off before it is verified",
			ids("SIG-05", "RAW-02"), holes(), bytes.TrimSpace),
		verifiesOther("newlines-normalised", "the body is read in text mode: CRLF becomes LF before it is verified",
			ids("RAW-02"), nil, func(body []byte) []byte { return bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")) }),
		verifiesOther("ascii-only", "the body is decoded as ASCII, and what is none is dropped, before it is verified",
			ids("RAW-03"), nil, func(body []byte) []byte {
				return bytes.Map(func(r rune) rune {
					if r > 127 {
						return -1
					}
					return r
				}, body)
			}),
		verifiesOther("latin1-decoded", "the body is decoded as Latin-1 before it is verified as UTF-8",
			ids("RAW-03"), nil, func(body []byte) []byte {
				var out []rune
				for _, b := range body {
					out = append(out, rune(b))
				}
				return []byte(string(out))
			}),
		{
			Name: "invalid-bytes-dropped", Defect: "the body is decoded to text first, which drops what is no UTF-8",
			Catches: ids("SIG-05"),
			Also:    holes(),
			Advice:  ids("SIG-15"),
			breed: func(rc *receiver) {
				rc.read = func(d *delivery) *answer {
					a := rc.readAll(d)
					d.body = bytes.ToValidUTF8(d.body, nil)
					return a
				}
			},
		},
	}
}

// verifiesOther is an animal that changes the body before it is verified.
func verifiesOther(name, defect string, catches, also []string, change func([]byte) []byte) Animal {
	return Animal{
		Name: name, Defect: defect, Catches: catches, Also: also,
		// Where whitespace counts for nothing, forgeries of SIG-05 get in.
		Advice: ids("SIG-15"),
		breed: func(rc *receiver) {
			rc.match = func(body []byte, given string) bool { return rc.matches(change(body), given) }
		},
	}
}

// restringify is JSON.stringify(JSON.parse(body)).
func restringify(body []byte) []byte { return respell(body, ",", ":") }

// respell decodes JSON and encodes it again, keeping the order of keys, as
// JavaScript and Python do. What is no JSON stays as it is.
func respell(body []byte, comma, colon string) []byte {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var out bytes.Buffer
	if !json.Valid(body) || respellValue(dec, &out, comma, colon) != nil {
		return body
	}
	return out.Bytes()
}

// respellValue writes the next value of dec.
func respellValue(dec *json.Decoder, out *bytes.Buffer, comma, colon string) error {
	t, err := dec.Token()
	if err != nil {
		return err
	}
	switch t := t.(type) {
	case json.Delim:
		out.WriteRune(rune(t))
		for i := 0; dec.More(); i++ {
			if i > 0 {
				out.WriteString(comma)
			}
			if t == '{' {
				if err := respellValue(dec, out, comma, colon); err != nil {
					return err
				}
				out.WriteString(colon)
			}
			if err := respellValue(dec, out, comma, colon); err != nil {
				return err
			}
		}
		end, err := dec.Token()
		if err != nil {
			return err
		}
		out.WriteRune(rune(end.(json.Delim))) //nolint:forcetypeassert,errcheck // More was false
	case string:
		out.Write(quote(t))
	case json.Number:
		out.WriteString(jsNumber(t))
	case bool:
		out.WriteString(strconv.FormatBool(t))
	default:
		out.WriteString("null")
	}
	return nil
}

// quote is a JSON string with no escape that JavaScript would not write.
func quote(s string) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) != nil {
		return nil
	}
	// Go escapes these two even so; JavaScript does not.
	q := strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029").Replace(out.String())
	return []byte(strings.TrimSuffix(q, "\n"))
}

// jsNumber is a number as JavaScript prints it.
func jsNumber(n json.Number) string {
	f, err := n.Float64()
	if err != nil || math.IsInf(f, 0) {
		return "null"
	}
	if f == math.Trunc(f) && math.Abs(f) < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// transferDefects are the receivers that know one way for bytes to travel.
func transferDefects() []Animal {
	return []Animal{
		{
			Name: "content-type-compared", Defect: "only Content-Type: application/json, to the letter, is taken",
			Catches: ids("RAW-04"),
			breed: func(rc *receiver) {
				rc.admit = first(postOnly, func(d *delivery) *answer {
					if d.r.Header.Get("Content-Type") != "application/json" {
						return say(http.StatusUnsupportedMediaType, "only application/json")
					}
					return nil
				})
			},
		},
		{
			Name: "chunked-refused", Defect: "a body without Content-Length is refused with 411",
			Catches: ids("RAW-05"),
			breed: func(rc *receiver) {
				rc.admit = first(postOnly, func(d *delivery) *answer {
					if d.r.ContentLength < 0 {
						return say(http.StatusLengthRequired, "length required")
					}
					return nil
				})
			},
		},
		{
			Name: "content-length-trusted", Defect: "as many bytes are read as Content-Length says, none when it says nothing",
			Catches: ids("RAW-05"),
			breed: func(rc *receiver) {
				read := rc.read
				rc.read = func(d *delivery) *answer {
					if d.r.ContentLength < 0 {
						return nil
					}
					return read(d)
				}
			},
		},
		{
			Name: "first-read-only", Defect: "the first read from the connection is taken for the whole body",
			Catches: ids("RAW-06"),
			Also:    ids("RAW-05", "PAY-10"), // more than one chunk, more than one buffer
			Advice:  ids("PAY-13"),
			breed: func(rc *receiver) {
				rc.read = func(d *delivery) *answer {
					buf := make([]byte, 64<<10)
					n, err := d.r.Body.Read(buf)
					if err != nil && !errors.Is(err, io.EOF) {
						return say(http.StatusBadRequest, "body incomplete")
					}
					d.body = buf[:n]
					return nil
				}
			},
		},
		{
			Name: "expect-refused", Defect: "Expect: 100-continue is answered with 417",
			Catches: ids("RAW-07"),
			breed: func(rc *receiver) {
				rc.admit = first(postOnly, func(d *delivery) *answer {
					if d.r.Header.Get("Expect") != "" {
						return say(http.StatusExpectationFailed, "expectation failed")
					}
					return nil
				})
			},
		},
		{
			Name: "http1-only", Defect: "the https server does not offer HTTP/2",
			Catches: ids("RAW-08"),
			front:   tlsFront{noHTTP2: true}.open,
		},
		{
			Name: "refusal-leaves-body-unread", Defect: "an unsigned delivery is refused unread, and its body taken for the next request",
			// RAW-09 has to refuse one that has no signature. Any valid event
			// that follows an unsigned one on its connection gets a 400: the
			// control of these.
			Catches: ids("RAW-09"),
			Also:    ids("SIG-02", "SIG-06", "SIG-07", "SIG-17"),
			Advice:  ids("SIG-11", "SIG-18"),
			front:   rawFront{unread: true}.open,
			breed: func(rc *receiver) {
				rc.admit = first(postOnly, func(d *delivery) *answer {
					if rc.signature(d) == "" {
						return say(http.StatusUnauthorized, "signature missing")
					}
					return nil
				})
			},
		},
		{
			Name: "refusal-miscounts-length", Defect: "Content-Length of a refusal is four bytes short, which begin the next answer",
			Catches: ids("RAW-09"),
			Advice:  ids("HTTP-03"), // an answer with a torn end
			front:   rawFront{miscount: 4}.open,
		},
	}
}

// first runs steps in order, up to the first answer.
func first(list ...step) step {
	return func(d *delivery) *answer {
		for _, s := range list {
			if a := s(d); a != nil {
				return a
			}
		}
		return nil
	}
}
