//go:build tools

// Package tools pins what the testbed builds; see ../../src/binaries.rs.
package tools

import _ "github.com/coredns/coredns"
