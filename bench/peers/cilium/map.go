// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/cilium/ebpf"
)

// Elements that a batch asks for.
const batchSize = 4096

// Prints nanoseconds an element, of the fastest round: all keys of a hash map from u64 to u64, one call each or many a call.
func elements(path, how string, entries, rounds int) error {
	collection, err := ebpf.LoadCollection(path)
	if err != nil {
		return err
	}
	defer collection.Close()
	table := collection.Maps["counter_table"]
	for key := uint64(0); key < uint64(entries); key++ {
		if err := table.Put(key, key+1); err != nil {
			return err
		}
	}
	once := map[string]func(*ebpf.Map, int) (uint64, error){"lookup": lookup, "update": update, "batch": batch}[how]
	var sum uint64
	var best time.Duration
	for round := 0; round < rounds; round++ {
		start := time.Now()
		part, err := once(table, entries)
		if err != nil {
			return err
		}
		if spent := time.Since(start); round == 0 || spent < best {
			best = spent
		}
		sum += part
	}
	if sum != uint64(rounds)*uint64(entries)*uint64(entries+1)/2 {
		return errors.New("wrong values")
	}
	fmt.Printf("%.3f\n", float64(best.Nanoseconds())/float64(entries))
	return nil
}

func lookup(table *ebpf.Map, entries int) (sum uint64, err error) {
	var value uint64
	for key := uint64(0); key < uint64(entries); key++ {
		if err := table.Lookup(&key, &value); err != nil {
			return 0, err
		}
		sum += value
	}
	return sum, nil
}

func update(table *ebpf.Map, entries int) (sum uint64, err error) {
	for key := uint64(0); key < uint64(entries); key++ {
		value := key + 1
		if err := table.Update(&key, &value, ebpf.UpdateAny); err != nil {
			return 0, err
		}
		sum += value
	}
	return sum, nil
}
