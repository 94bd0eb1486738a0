package main

import (
	"crypto/x509"
	"net"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"hookdrill/contract"
	"hookdrill/mockclaude"
)

// targetFlags are the flags that every run command shares.
type targetFlags struct {
	targets                                                               []string // of a command whose targets are not instances of one receiver
	target, contract, keyEnv, keyFile, prevEnv, prevFile, out, config, ca string
	header                                                                []string
	seed                                                                  uint64
	timeout                                                               time.Duration
}

func (t *targetFlags) register(f *pflag.FlagSet) {
	f.Var((*targetValue)(&t.target), "target", "`URL` of the endpoint; of several instances of one receiver, URL,URL,…")
	f.StringVar(&t.contract, "contract", "claude", "contract, by `NAME` or as a YAML file")
	f.StringVar(&t.keyEnv, "key-env", "", "`NAME` of the environment variable with the signing key (default: the contract's)")
	f.StringVar(&t.keyFile, "key-file", "", "`FILE` with the signing key; one newline at its end is not part of it")
	f.StringArrayVar(&t.header, "header", nil, "header to send with every request, as '`K: V`'; may be repeated")
	f.StringVar(&t.ca, "ca", "", "PEM `FILE` of further roots to trust")
	f.DurationVar(&t.timeout, "timeout", 0, "bound of one attempt (default: the contract's)")
	f.StringVar(&t.config, "config", "", "configuration `FILE` (default hookdrill.yaml, if it is there)")
}

// registerPrevious registers the flags of who signs with the previous key, or hides it.
func (t *targetFlags) registerPrevious(f *pflag.FlagSet) {
	f.StringVar(&t.prevEnv, "previous-key-env", "", "`NAME` of the environment variable with the previous key (rotation)")
	f.StringVar(&t.prevFile, "previous-key-file", "", "`FILE` with the previous key")
}

// maxInstances bounds how many instances of a receiver a run takes.
const maxInstances = 16

// targetValue is --target: what is given more than once, as in a list of
// hookdrill.yaml, is joined by commas.
type targetValue string

func (v *targetValue) String() string { return string(*v) }
func (v *targetValue) Type() string   { return "URL" }

func (v *targetValue) Set(one string) error {
	if *v != "" {
		one = string(*v) + "," + one
	}
	*v = targetValue(one)
	return nil
}

// parseTargets reads the URLs of one receiver's instances, separated by commas.
// A comma that no URL follows belongs to the URL before it.
func parseTargets(flag, raw string) (*url.URL, []*url.URL, error) {
	var all []*url.URL
	for one := range strings.SplitSeq(regexp.MustCompile(`,\s*([A-Za-z][A-Za-z0-9+.-]*://)`).ReplaceAllString(raw, "\n$1"), "\n") {
		u, err := parseTarget(flag, strings.TrimSpace(one))
		if err != nil {
			return nil, nil, err
		}
		if strings.Contains(u.Host, ",") || strings.HasSuffix(one, ",") {
			return nil, nil, usage(flag+" http://10.0.0.1:8080/hook,http://10.0.0.2:8080/hook",
				"%s: %q is not one whole URL: several are separated by commas, and a comma within one is written %%2C", flag, shownTarget(one))
		}
		all = append(all, u)
	}
	if len(all) > maxInstances {
		return nil, nil, usage("", "%s: %d instances are given, and %d are the most", flag, len(all), maxInstances)
	}
	for i, u := range all {
		for _, v := range all[:i] {
			if address(u) == address(v) {
				return nil, nil, usage("", "%s: %s and %s are the same instance", flag, mockclaude.ShowURL(v.String()), mockclaude.ShowURL(u.String()))
			}
		}
		for _, what := range []struct{ name, first, this string }{
			{"scheme", all[0].Scheme, u.Scheme}, {"path", all[0].EscapedPath(), u.EscapedPath()}, {"query", all[0].RawQuery, u.RawQuery},
		} {
			if what.first != what.this {
				return nil, nil, usage("", "%s: %s and %s differ in their %s; instances of one receiver have the same scheme, path and query",
					flag, mockclaude.ShowURL(all[0].String()), mockclaude.ShowURL(u.String()), what.name)
			}
		}
	}
	return all[0], all[1:], nil
}

// address is the host and port of a URL, in one spelling.
func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return strings.ToLower(net.JoinHostPort(u.Hostname(), port))
}

// shownTarget is what a message may show of a target: no secret of its query,
// and nothing of a text that may hold a password.
func shownTarget(raw string) string {
	if strings.Contains(raw, "@") {
		return "…"
	}
	return mockclaude.ShowURL(raw)
}

// parseTarget reads a URL and names what is wrong with it.
func parseTarget(flag, raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	try := flag + " http://127.0.0.1:8080/webhooks/claude"
	switch {
	case err != nil && strings.Contains(raw, "@"):
		return nil, usage(try, "%s: not a URL, and not shown, because it may hold a password", flag)
	case err != nil:
		return nil, usage(try, "%s: %q is not a URL", flag, shownTarget(raw))
	case u.Scheme != "http" && u.Scheme != "https":
		if !strings.Contains(raw, "://") {
			try = flag + " http://" + shownTarget(raw)
		}
		return nil, usage(try, "%s: %q does not begin with http:// or https://", flag, shownTarget(raw))
	case u.Hostname() == "":
		return nil, usage(try, "%s: %q names no host", flag, shownTarget(raw))
	case u.User != nil:
		return nil, usage("--header 'Authorization: …'", "%s: a URL with user and password is refused, because it ends up in reports", flag)
	case u.Fragment != "":
		return nil, usage(shownTarget(strings.SplitN(raw, "#", 2)[0]), "%s: a fragment (#%s) is never sent; leave it out", flag, u.Fragment)
	}
	return u, nil
}

// keys reads the keys and says where the current one came from.
func (t *targetFlags) keys(c *contract.Contract, s Streams) (mockclaude.Keys, error) {
	var keys mockclaude.Keys
	if t.keyEnv != "" && t.keyFile != "" {
		return keys, usage("", "--key-env and --key-file are both given; give one")
	}
	if t.keyEnv == "" && t.keyFile == "" {
		t.keyEnv = c.Key.Env
	}
	current, err := readKey("--key-env", t.keyEnv, "--key-file", t.keyFile, s)
	if err != nil {
		return keys, err
	}
	keys.Current = current
	if _, err := mockclaude.DeriveKey(c.Key, current); err != nil {
		return keys, usage("", "the signing key does not fit the contract %s: %w", c.Name, err)
	}
	if t.prevEnv != "" || t.prevFile != "" {
		if keys.Previous, err = readKey("--previous-key-env", t.prevEnv, "--previous-key-file", t.prevFile, s); err != nil {
			return keys, err
		}
		if string(keys.Previous) == string(keys.Current) {
			return keys, usage("", "the previous key is the same as the current one")
		}
		if _, err := mockclaude.DeriveKey(c.Key, keys.Previous); err != nil {
			return keys, usage("", "the previous key does not fit the contract %s: %w", c.Name, err)
		}
	}
	return keys, nil
}

func readKey(envFlag, env, fileFlag, file string, s Streams) ([]byte, error) {
	if file != "" {
		data, err := os.ReadFile(file) //nolint:gosec // the file that the user names
		if err != nil {
			return nil, usage("", "%s: %w", fileFlag, err)
		}
		key := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
		if key == "" {
			return nil, usage("", "%s: %s is empty", fileFlag, file)
		}
		return []byte(key), nil
	}
	key, ok := s.Env(env)
	if !ok || key == "" {
		return nil, usage("export "+env+"=…", "no signing key: the environment variable %s (%s) is not set or empty", env, envFlag)
	}
	return []byte(key), nil
}

func (t *targetFlags) headers() ([]mockclaude.Field, error) {
	var out []mockclaude.Field
	for i, h := range t.header {
		name, value, found := strings.Cut(h, ":")
		if name = strings.TrimSpace(name); !found || name == "" {
			return nil, usage("--header 'Authorization: Bearer …'", "--header number %d is not of the form 'K: V'", i+1)
		}
		out = append(out, mockclaude.Field{Name: name, Value: strings.TrimSpace(value)})
	}
	return out, nil
}

func (t *targetFlags) roots() (*x509.CertPool, error) {
	if t.ca == "" {
		return nil, nil //nolint:nilnil // no pool means the system's
	}
	data, err := os.ReadFile(t.ca)
	if err != nil {
		return nil, usage("", "--ca: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(data) {
		return nil, usage("", "--ca: %s holds no certificate in PEM", t.ca)
	}
	return pool, nil
}

func loadContract(name string) (*contract.Contract, error) {
	c, err := contract.Load(name)
	if err != nil {
		return nil, usage("hookdrill contracts", "--contract: %w", err)
	}
	return c, nil
}

// passwordless shows a DSN without its passwords, which may stand before the
// host or among the parameters.
func passwordless(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return "…"
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	query := u.Query()
	if query.Has("password") || query.Has("sslpassword") {
		query.Del("password")
		query.Del("sslpassword")
		u.RawQuery = query.Encode()
	}
	return u.String()
}

// tokenless shows a probe's URL without the values of its query, any of which
// may be a token.
func tokenless(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.RawQuery == "" {
		return raw
	}
	query := u.Query()
	for name := range query {
		query.Set(name, "***")
	}
	u.RawQuery = strings.ReplaceAll(query.Encode(), "%2A", "*")
	return u.String()
}
