// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

func openBtf(name string) error {
	file, err := os.Open("/sys/kernel/btf/vmlinux")
	if err != nil {
		return err
	}
	defer file.Close()
	spec, err := btf.LoadSpecFromReader(file)
	if err != nil {
		return err
	}
	var found *btf.Struct
	return spec.TypeByName(name, &found)
}

func openObject(path string) error {
	_, err := ebpf.LoadCollectionSpec(path)
	return err
}

// The most memory that the process ever had.
func peakBytes() int64 {
	var kilobytes int64
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	fmt.Sscan(rest, &kilobytes)
	return kilobytes * 1024
}

// Prints as JSON the nanoseconds of the first time and the median of the others, and the bytes by which memory peaked at the first.
func engine(task func(string) error, argument string, times int) error {
	spent := make([]int64, times)
	before := peakBytes()
	var bytes int64
	for i := range spent {
		start := time.Now()
		if err := task(argument); err != nil {
			return err
		}
		spent[i] = time.Since(start).Nanoseconds()
		if i == 0 {
			bytes = peakBytes() - before
		}
	}
	first, rest := spent[0], append([]int64{}, spent[1:]...)
	sort.Slice(rest, func(i, j int) bool { return rest[i] < rest[j] })
	warm := first
	if len(rest) > 0 {
		warm = rest[len(rest)/2]
	}
	fmt.Printf("{\"first\": %d, \"warm\": %d, \"bytes\": %d}\n", first, warm, bytes)
	return nil
}
