// SPDX-License-Identifier: MIT

//go:build rawreader

package main

import (
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
)

// The samples are the ring's own memory, given back 1024 at a time.
func openRing(table *ebpf.Map) (drain, error) {
	reader, err := ringbuf.NewRawReader(table)
	if err != nil {
		return nil, err
	}
	return func(count int, each func([]byte)) error {
		return reader.WithLease(func(lease ringbuf.Lease) error {
			defer lease.Commit()
			for i := 0; i < count; i++ {
				sample, _, err := lease.ReadSample()
				if err != nil {
					return err
				}
				each(sample)
				if i&1023 == 1023 {
					lease.Commit()
				}
			}
			return nil
		})
	}, nil
}
