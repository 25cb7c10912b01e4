package clientconn

import "sync"

var writing sync.Mutex

// oneWriterAtATime makes a write command atomic, as it is on MongoDB. FerretDB 1.24 queries first and updates
// then, so without this several of the writers that name the same version win.
func oneWriterAtATime(command string) (unlock func()) {
	switch command {
	case "insert", "update", "delete", "findAndModify", "findandmodify":
		writing.Lock()
		return writing.Unlock
	default:
		return func() {}
	}
}
