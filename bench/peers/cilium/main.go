// SPDX-License-Identifier: MIT

// Does with cilium/ebpf what the cases measure:
//
//	cilium btf STRUCT TIMES
//	cilium open OBJECT TIMES
//	cilium ring|perf raw|decoded RECORDS FILLS 3<PROGRAM 4<MAP
//	cilium map OBJECT lookup|update|batch ENTRIES ROUNDS
package main

import (
	"fmt"
	"os"
	"strconv"
)

func number(i int) int {
	value, err := strconv.Atoi(os.Args[i])
	if err != nil {
		panic(err)
	}
	return value
}

func run() error {
	switch task := os.Args[1]; task {
	case "btf":
		return engine(openBtf, os.Args[2], number(3))
	case "open":
		return engine(openObject, os.Args[2], number(3))
	case "ring", "perf":
		return events(task, os.Args[2] == "decoded", number(3), number(4))
	case "map":
		return elements(os.Args[2], os.Args[3], number(4), number(5))
	default:
		return fmt.Errorf("no task %s", task)
	}
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
