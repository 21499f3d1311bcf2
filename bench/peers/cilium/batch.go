// SPDX-License-Identifier: MIT

//go:build !batchcursor

package main

import (
	"errors"

	"github.com/cilium/ebpf"
)

func batch(table *ebpf.Map, entries int) (sum uint64, err error) {
	keys, values := make([]uint64, batchSize), make([]uint64, batchSize)
	var at uint64
	var from interface{}
	for {
		count, err := table.BatchLookup(from, &at, keys, values, nil)
		for _, value := range values[:count] {
			sum += value
		}
		if errors.Is(err, ebpf.ErrKeyNotExist) {
			return sum, nil
		}
		if err != nil {
			return 0, err
		}
		from = at
	}
}
