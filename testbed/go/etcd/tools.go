//go:build tools

// Package tools pins what the testbed builds; see ../../src/binaries.rs.
package tools

import _ "go.etcd.io/etcd/server/v3/etcdmain"
