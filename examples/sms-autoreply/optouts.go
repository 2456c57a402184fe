package main

import "sync"

// optOuts are the numbers that want no messages. None is ever dropped to save
// memory.
type optOuts struct {
	mu sync.Mutex
	// confirmed tells of each number whether it was told that it is one.
	confirmed map[string]bool
}

func newOptOuts() *optOuts { return &optOuts{confirmed: make(map[string]bool)} }

// add adds a number and reports whether it is to be told. Of several callers at
// once only one is to tell it.
func (o *optOuts) add(number string) (tell bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	tell = !o.confirmed[number]
	o.confirmed[number] = true
	return tell
}

// unconfirmed says that telling the number has failed.
func (o *optOuts) unconfirmed(number string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.confirmed[number] {
		o.confirmed[number] = false
	}
}

func (o *optOuts) remove(number string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.confirmed, number)
}

func (o *optOuts) has(number string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ok := o.confirmed[number]
	return ok
}
