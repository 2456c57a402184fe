package atsqlite_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkPut stores deliveries of 64 callers at once; BenchmarkSave a record of one.
func BenchmarkPut(b *testing.B) {
	s := open(b, newPath(b))
	var n atomic.Int64
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			d := delivery(formOf("ATXid_1"))
			d.Key = fmt.Sprint("reports-", n.Add(1))
			if _, err := s.Put(b.Context(), d); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkSave(b *testing.B) {
	s := open(b, newPath(b))
	data := make([]byte, 400)
	var version uint64
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if version, err = s.Save(b.Context(), "key", data, version, time.Hour); err != nil {
			b.Fatal(err)
		}
	}
}
