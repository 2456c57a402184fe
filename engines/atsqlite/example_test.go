package atsqlite_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/sautigo/africastalking/engines/atsqlite"
	"github.com/sautigo/africastalking/state"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for range 2 { // the second time as after a restart
		store, err := atsqlite.Open(filepath.Join(dir, "at.db"))
		if err != nil {
			log.Fatal(err)
		}
		receipt, err := state.Once(context.Background(), store, "pay/ATUid_1", func(context.Context) (string, error) {
			fmt.Println("paying")
			return "R-17", nil
		})
		fmt.Println(receipt, err)
		if err := store.Close(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// paying
	// R-17 <nil>
	// R-17 <nil>
}
