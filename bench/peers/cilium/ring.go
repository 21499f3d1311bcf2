// SPDX-License-Identifier: MIT

//go:build !rawreader

package main

import (
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
)

func openRing(table *ebpf.Map) (drain, error) {
	reader, err := ringbuf.NewReader(table)
	if err != nil {
		return nil, err
	}
	var record ringbuf.Record
	return func(count int, each func([]byte)) error {
		for i := 0; i < count; i++ {
			if err := reader.ReadInto(&record); err != nil {
				return err
			}
			each(record.RawSample)
		}
		return nil
	}, nil
}
