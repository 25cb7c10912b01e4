//go:build tools

// Package tools pins what the testbed builds; see ../../src/ferretdb.rs.
package tools

import _ "github.com/FerretDB/FerretDB/cmd/ferretdb"
