// Checks the identity that Gatehouse signs for each request, with the standard library alone.
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// Claims are what a verified identity says of the caller and of the request.
type Claims struct {
	Key         string `json:"sub"`
	Account     string `json:"acc"`
	Role        string `json:"role"`
	RoleBuiltIn bool   `json:"role_built_in"`
	Issuer      string `json:"iss"`
	Audience    string `json:"aud"`
	Method      string `json:"method"`
	Path        string `json:"path"`
	IssuedAt    int64  `json:"iat"`
	ExpiresAt   int64  `json:"exp"`
}

// Verifier checks requests against the keys of one Gatehouse.
type Verifier struct {
	URL, Issuer, Audience string

	mutex         sync.Mutex
	keys          map[string]ed25519.PublicKey
	fetched, next time.Time
}

// Identify returns the caller, or an error unless Gatehouse has signed an identity for exactly this request.
func (v *Verifier) Identify(r *http.Request) (*Claims, error) {
	tokens := r.Header.Values("Gatehouse-Identity")
	if len(tokens) != 1 {
		return nil, errors.New("not one identity")
	}
	parts := strings.Split(tokens[0], ".")
	if len(parts) != 3 {
		return nil, errors.New("no JWT")
	}
	var header struct{ Alg, Typ, Kid string }
	if err := decode(parts[0], &header); err != nil {
		return nil, err
	}
	if header.Alg != "EdDSA" || header.Typ != "gatehouse-identity+jwt" {
		return nil, errors.New("another algorithm or type")
	}
	key, err := v.key(header.Kid)
	if err != nil {
		return nil, err
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !ed25519.Verify(key, []byte(parts[0]+"."+parts[1]), signature) {
		return nil, errors.New("the signature is not valid")
	}
	var claims Claims
	if err := decode(parts[1], &claims); err != nil {
		return nil, err
	}
	now := time.Now().Unix()
	if claims.IssuedAt > now+5 || claims.IssuedAt < now-65 || claims.ExpiresAt <= now-5 {
		return nil, errors.New("not valid at this time")
	}
	if claims.Issuer != v.Issuer || claims.Audience != v.Audience {
		return nil, errors.New("another issuer or audience")
	}
	// The path as it arrived: r.URL.Path is decoded.
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if claims.Method != r.Method || claims.Path != path || claims.Key == "" || claims.Account == "" {
		return nil, errors.New("signed for another request")
	}
	return &claims, nil
}

func decode(part string, into any) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// key fetches the keys again after five minutes, and for an unknown key at most every ten seconds.
func (v *Verifier) key(kid string) (ed25519.PublicKey, error) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	now := time.Now()
	if (v.keys[kid] == nil || now.Sub(v.fetched) > 5*time.Minute) && now.After(v.next) {
		v.next = now.Add(time.Second)
		if keys, err := fetchKeys(v.URL + "/.well-known/gatehouse/jwks.json"); err != nil {
			log.Print("keys of Gatehouse: ", err)
		} else {
			v.keys, v.fetched, v.next = keys, now, now.Add(10*time.Second)
		}
	}
	if v.keys[kid] == nil || now.Sub(v.fetched) > 5*time.Minute {
		return nil, errors.New("unknown key")
	}
	return v.keys[kid], nil
}

func fetchKeys(url string) (map[string]ed25519.PublicKey, error) {
	client := http.Client{Timeout: 3 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	var set struct {
		Keys []struct{ Kty, Crv, Kid, X string }
	}
	if err := json.NewDecoder(response.Body).Decode(&set); err != nil {
		return nil, err
	}
	keys := map[string]ed25519.PublicKey{}
	for _, key := range set.Keys {
		x, err := base64.RawURLEncoding.DecodeString(key.X)
		if err == nil && key.Kty == "OKP" && key.Crv == "Ed25519" && len(x) == ed25519.PublicKeySize {
			keys[key.Kid] = x
		}
	}
	return keys, nil
}

func main() {
	issuer := os.Getenv("ISSUER")
	if issuer == "" {
		issuer = "gatehouse"
	}
	verifier := &Verifier{URL: os.Getenv("GATEHOUSE_URL"), Issuer: issuer, Audience: os.Getenv("AUDIENCE")}
	if verifier.URL == "" || verifier.Audience == "" || os.Getenv("PORT") == "" {
		log.Fatal("GATEHOUSE_URL, AUDIENCE and PORT must be set")
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			caller, err := verifier.Identify(r)
			if err != nil {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			fmt.Fprintf(w, "%s %s %s\n", caller.Key, caller.Account, caller.Role)
		})))
}
