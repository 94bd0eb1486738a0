package zoo

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// tlsFront is an https receiver with a certificate for 127.0.0.1 by a root of
// its own. Its zero value is correct, HTTP/2 included.
type tlsFront struct {
	begins, ends time.Duration // validity from now; 0 is an hour ago, and 90 days
	host         string        // a DNS name in place of 127.0.0.1
	selfSigned   bool          // no root stands behind it
	noChain      bool          // the intermediate certificate is not sent
	oldest       uint16        // oldest TLS version taken; 0 is 1.2
	newest       uint16        // newest TLS version taken; 0 is the newest there is
	noHTTP2      bool
}

// open is the front.
func (f tlsFront) open(ctx context.Context, rc *receiver, dir string) (door, error) {
	chain, root, err := f.certify()
	if err != nil {
		return door{}, fmt.Errorf("certify: %w", err)
	}
	ca := filepath.Join(dir, "root.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root}), 0o600); err != nil {
		return door{}, fmt.Errorf("write root: %w", err)
	}
	ln, err := listen(ctx)
	if err != nil {
		return door{}, err
	}
	srv := newHTTPServer(ctx, routes(rc))
	srv.TLSConfig = &tls.Config{
		Certificates: []tls.Certificate{chain},
		MinVersion:   cmp.Or(f.oldest, tls.VersionTLS12),
		MaxVersion:   f.newest,
	}
	if f.noHTTP2 {
		srv.TLSConfig.NextProtos = []string{"http/1.1"}
		srv.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
	}
	return door{
		url:   "https://" + ln.Addr().String(),
		ca:    ca,
		close: runHTTP(ctx, srv, func() error { return srv.ServeTLS(ln, "", "") }),
	}, nil
}

// certify makes the receiver's chain, and the root that a sender trusts.
func (f tlsFront) certify() (tls.Certificate, []byte, error) {
	now := time.Now()
	authority := func(name string) *x509.Certificate {
		return &x509.Certificate{
			Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
			NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0),
			KeyUsage: x509.KeyUsageCertSign,
		}
	}
	root, err := issue(authority("zoo root"), nil)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	middle, err := issue(authority("zoo intermediate"), root)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leaf := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "zoo receiver"},
		NotBefore:   now.Add(-time.Hour + f.begins),
		NotAfter:    now.Add(90 * 24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:    []string{"localhost"},
	}
	if f.ends != 0 {
		leaf.NotAfter = now.Add(f.ends)
	}
	if f.host != "" {
		leaf.IPAddresses, leaf.DNSNames = nil, []string{f.host}
	}
	signer := middle
	if f.selfSigned {
		signer = nil
	}
	own, err := issue(leaf, signer)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	chain := tls.Certificate{Certificate: [][]byte{own.der}, PrivateKey: own.key}
	if !f.selfSigned && !f.noChain {
		chain.Certificate = append(chain.Certificate, middle.der)
	}
	return chain, root.der, nil
}

// issued is a certificate with its key.
type issued struct {
	der  []byte
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issue signs a certificate; by itself when by is nil.
func issue(template *x509.Certificate, by *issued) (*issued, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, fmt.Errorf("draw serial number: %w", err)
	}
	parent, parentKey := template, key
	if by != nil {
		parent, parentKey = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse certificate: %w", err)
	}
	return &issued{der: der, cert: cert, key: key}, nil
}
