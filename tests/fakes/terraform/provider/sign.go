package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// sign adds the headers of AWS Signature Version 4 for S3.
func sign(asked *http.Request, content, key, secret string, now time.Time) {
	day, moment := now.Format("20060102"), now.Format("20060102T150405Z")
	digest := hexHash(content)
	asked.Header.Set("x-amz-date", moment)
	asked.Header.Set("x-amz-content-sha256", digest)
	names := "host;x-amz-content-sha256;x-amz-date"
	canonical := strings.Join([]string{
		asked.Method, asked.URL.EscapedPath(), "",
		"host:" + asked.URL.Host, "x-amz-content-sha256:" + digest, "x-amz-date:" + moment, "", names, digest,
	}, "\n")
	scope := day + "/us-east-1/s3/aws4_request"
	text := "AWS4-HMAC-SHA256\n" + moment + "\n" + scope + "\n" + hexHash(canonical)
	signing := []byte("AWS4" + secret)
	for _, part := range []string{day, "us-east-1", "s3", "aws4_request"} {
		signing = code(signing, part)
	}
	asked.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key+"/"+scope+
		",SignedHeaders="+names+",Signature="+hex.EncodeToString(code(signing, text)))
}

func code(key []byte, text string) []byte {
	sum := hmac.New(sha256.New, key)
	sum.Write([]byte(text))
	return sum.Sum(nil)
}

func hexHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
