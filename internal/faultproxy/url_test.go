package faultproxy

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

// TestURL: everything but host and port of a database's URL stays as it is.
func TestURL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"postgres://me:p%40ss@db.example/app?sslmode=disable":     "postgres://me:p%40ss@HERE/app?sslmode=disable",
		"postgresql://me@127.0.0.1:6543/app":                      "postgresql://me@HERE/app",
		"postgresql+psycopg://me@localhost/app":                   "postgresql+psycopg://me@HERE/app",
		"mysql://root:secret@127.0.0.1/app?parseTime=true":        "mysql://root:secret@HERE/app?parseTime=true",
		"mysql+pymysql://root@10.0.0.7:3307/app":                  "mysql+pymysql://root@HERE/app",
		"mariadb://root@db/app":                                   "mariadb://root@HERE/app",
		"redis://:secret@127.0.0.1:6380/0":                        "redis://:secret@HERE/0",
		"redis://127.0.0.1":                                       "redis://HERE",
		"rediss://user:secret@cache.example/1?ssl_cert_reqs=none": "rediss://user:secret@HERE/1?ssl_cert_reqs=none",
		"postgres://me@[::1]:5433/app":                            "postgres://me@HERE/app",
	} {
		p, err := New(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got := strings.Replace(p.URL(), p.proxy.Listen, "HERE", 1); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
		p.Close()
	}
}

// TestTarget: a database's usual port stands for none.
func TestTarget(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"postgres://db/app": "db:5432", "mysql://db/app": "db:3306", "redis://db": "db:6379", "rediss://db": "db:6379",
		"mariadb://db:1/app": "db:1", "postgres://[::1]/app": "[::1]:5432", "mysql+aiomysql://db/app": "db:3306",
	} {
		u, err := url.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		got, postgres, err := address(u)
		if err != nil || got != want || postgres != strings.HasPrefix(in, "postgres") {
			t.Errorf("%s: %s, %t, %v, want %s", in, got, postgres, err, want)
		}
	}
}

// TestURLThatLeadsPast: a URL that the proxy cannot stand behind is refused with what to do,
// and without its password.
func TestURLThatLeadsPast(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"postgres:///app?host=/var/run/postgresql":          "host=/var/run/postgresql in the URL's parameters leads past its host",
		"postgres://me:s3cret@localhost/app?host=10.0.0.1":  "host=10.0.0.1",
		"postgres://me:s3cret@h/app?hostaddr=10.0.0.1":      "hostaddr=10.0.0.1",
		"mysql://me:s3cret@localhost/app?unix_socket=/x/my": "unix_socket=/x/my",
		"postgres://%2Fvar%2Frun%2Fpostgresql/app":          "the host is a socket in the file system",
		"postgres:///app":                    "it names no host",
		"postgres://a:1,b:2/app":             "it names several hosts",
		"host=db dbname=app password=s3cret": "want a URL such as",
		"mongodb://me:s3cret@db/app":         "want a URL such as",
		"postgres://me:s3cret@db:port/app":   "want a URL such as",
	} {
		p, err := New(in)
		if err == nil {
			p.Close()
			t.Errorf("%s is taken", in)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
		if !errors.Is(err, errURL) && !errors.Is(err, errBypass) {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		"sqlite:///app.db": true, "sqlite3:app.db": true, "file:./dev.db": true, "sqlite+aiosqlite:///x": true, "SQLite:///x": true,
		"postgres://db/app": false, "mysql://db/app": false, "redis://db": false, "host=db": false,
	} {
		if got := Local(in); got != want {
			t.Errorf("%s: %t", in, got)
		}
	}
}
