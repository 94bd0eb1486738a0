package vectors

// flags says what each flag means, and why it matters.
func flags() map[string]string {
	return map[string]string{
		"RawBody":         "What is verified is the bytes that arrived. A framework that parses the JSON and writes it anew, or changes ends of lines or the encoding, breaks these.",
		"NotAnEvent":      "The signature is right, and no provider sends such a body. A verifier that also parses may refuse it.",
		"ChangedBody":     "The body is not the one that was signed.",
		"Key":             "How the secret string becomes the bytes of the key.",
		"WrongKey":        "Signed by somebody who does not have the key.",
		"EmptyKey":        "Signed with an empty key, which everybody has. A receiver whose key is not configured must refuse everything, or not start.",
		"WrongDerivation": "The bytes of the key are made of the secret string in another way. The letters whsec_ mean two things: Standard Webhooks decodes what is behind them; Stripe and the guide's contract take the whole string.",
		"NoProof":         "There is no signature, or none that anybody with the key has made.",
		"Altered":         "The right signature, cut, lengthened or changed. A comparison that looks at the shorter of two texts accepts some of them.",
		"OtherContent":    "The right signature of something else than this request.",
		"WrongAlgorithm":  "The right key and another algorithm. Those without HMAC can be computed by everybody, or lengthened.",
		"Spelling":        "The right signature in a form that the sender never writes.",
		"Whitespace":      "Space where the sender writes none. HTTP libraries take it off the ends of a value.",
		"WrongLabel":      "The right signature under a label that says that it is another one. Whoever takes it can be downgraded later.",
		"NoLabel":         "The right signature with a label, or a separator, that the sender never writes.",
		"UnknownVersion":  "Signatures of versions that a verifier does not know are to be passed over, so that a provider can add one.",
		"Several":         "Several signatures of one request, as while keys are rotated: one that is right is enough, wherever it stands.",
		"OldHeader":       "GitHub's SHA-1 signature, which it still sends beside the other. A receiver should look at SHA-256 alone.",
		"HeaderName":      "Names of headers have no case, and no order.",
		"Missing":         "A header, or a part of it, without which nothing is proved.",
		"Duplicate":       "A header that comes twice. Who reads the first and who reads the last do not see the same request; to refuse it is safe.",
		"ChangedHeader":   "A header that is under the signature was changed.",
		"Fresh":           "Within the tolerance.",
		"Stale":           "Captured, and sent again later than the tolerance allows.",
		"Ahead":           "From the future. Where only the past is limited a receiver may still refuse it: it would stay fresh for long.",
		"StampForm":       "A time that is spelt in another way, or is none. All of them are signed.",
		"NoFreshness":     "The scheme signs no time. Only the id, remembered, protects from replays.",
		"Published":       "Published by the scheme's own documentation.",
	}
}
