// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"fmt"
	"os"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/perf"
)

// As in test-ring-bench.bpf.c.
type record struct {
	Seq  uint64
	Ns   uint64
	Pid  uint32
	Cpu  uint32
	Comm [16]byte
	Path [24]byte
}

var received, sum uint64

func raw(sample []byte) {
	received++
	sum += uint64(sample[0])
}

type event struct {
	Seq, Ns    uint64
	Pid, Cpu   uint32
	Comm, Path string
}

// The value that the next event replaces, so that an event is really made of each record.
var kept event

func decoded(sample []byte) {
	it := (*record)(unsafe.Pointer(&sample[0]))
	kept = event{it.Seq, it.Ns, it.Pid, it.Cpu, text(it.Comm[:]), text(it.Path[:])}
	received++
	sum += kept.Seq + kept.Ns + uint64(kept.Pid) + uint64(kept.Cpu) + uint64(len(kept.Comm)+len(kept.Path))
}

func text(field []byte) string {
	if end := bytes.IndexByte(field, 0); end >= 0 {
		field = field[:end]
	}
	return string(field)
}

// Takes `count` records that are there already.
type drain func(count int, each func([]byte)) error

// Prints nanoseconds a record, of the fastest fill. The program is fd 3, its map fd 4:
// older versions of the library do not load the object.
func events(kind string, decode bool, count, fills int) error {
	program, err := ebpf.NewProgramFromFD(3)
	if err != nil {
		return err
	}
	table, err := ebpf.NewMapFromFD(4)
	if err != nil {
		return err
	}
	open := map[string]func(*ebpf.Map) (drain, error){"ring": openRing, "perf": openPerf}[kind]
	take, err := open(table)
	if err != nil {
		return err
	}
	each := raw
	if decode {
		each = decoded
	}
	var best time.Duration
	for i := 0; i < fills; i++ {
		if err := fill(program, count); err != nil {
			return err
		}
		start := time.Now()
		if err := take(count, each); err != nil {
			return err
		}
		if spent := time.Since(start); i == 0 || spent < best {
			best = spent
		}
	}
	if received != uint64(count*fills) || sum == 0 {
		return fmt.Errorf("%d records of %d", received, count*fills)
	}
	fmt.Printf("%.3f\n", float64(best.Nanoseconds())/float64(count))
	return nil
}

func fill(program *ebpf.Program, count int) error {
	_, err := program.Run(&ebpf.RunOptions{Context: [2]uint64{uint64(count), 0}})
	return err
}

func openPerf(table *ebpf.Map) (drain, error) {
	// Woken up once by half of a buffer; to wake up for each record takes the kernel many times what it takes to write one.
	size := 4096 * os.Getpagesize()
	reader, err := perf.NewReaderWithOptions(table, size, perf.ReaderOptions{Watermark: size / 2})
	if err != nil {
		return nil, err
	}
	var record perf.Record
	return func(count int, each func([]byte)) error {
		for i := 0; i < count; i++ {
			if err := reader.ReadInto(&record); err != nil {
				return err
			}
			if record.LostSamples > 0 {
				return fmt.Errorf("%d records lost", record.LostSamples)
			}
			each(record.RawSample[:64])
		}
		return nil
	}, nil
}
