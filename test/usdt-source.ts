/** C for static probes as sys/sdt.h makes them, which is not on every machine: `PROBE("provider", "name", "semaphore or 0", "SIZE@%0", operands)`. */
export const probeMacro = String.raw`
#define PROBE(provider, name, semaphore, args, ...) \
  PROBE_AT("nop\n", provider, name, semaphore, args, __VA_ARGS__)
#define PROBE_AT(code, provider, name, semaphore, args, ...) \
  __asm__ volatile( \
    "990: " code \
    ".pushsection .note.stapsdt,\"?\",\"note\"\n" \
    ".balign 4\n" \
    ".4byte 992f-991f, 994f-993f, 3\n" \
    "991: .asciz \"stapsdt\"\n" \
    "992: .balign 4\n" \
    "993: .8byte 990b\n" \
    ".8byte _.stapsdt.base\n" \
    ".8byte " semaphore "\n" \
    ".asciz \"" provider "\"\n" \
    ".asciz \"" name "\"\n" \
    ".asciz \"" args "\"\n" \
    "994: .balign 4\n" \
    ".popsection\n" \
    ".ifndef _.stapsdt.base\n" \
    ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n" \
    ".weak _.stapsdt.base\n" \
    ".hidden _.stapsdt.base\n" \
    "_.stapsdt.base: .space 1\n" \
    ".size _.stapsdt.base, 1\n" \
    ".popsection\n" \
    ".endif\n" \
    :: __VA_ARGS__)
`;

/** A program that hits its probes at each line of its input, and answers what its semaphore is. */
export const usdtSource = `
#include <stdio.h>
#include <stdlib.h>
${probeMacro}
unsigned short work_semaphore __attribute__((section(".probes"), used)) = 0;

__attribute__((noinline)) void work(const char *text, long big, int small) {
  volatile int in_memory = small - 1000;
  PROBE("rawbpf", "work", "work_semaphore", "8@%0 -4@%1 8@%2 -4@%3 4@%4 -1@%5",
        "r"(text), "r"(small), "r"(big), "m"(in_memory), "n"(71), "r"((char)small));
}

/* One probe in two places with arguments alike, and in a third with others. */
__attribute__((noinline)) void twice(int x) {
  PROBE("rawbpf", "twice", "0", "-4@%0", "m"(*(&x)));
  PROBE("rawbpf", "twice", "0", "-4@$5", "r"(x));
  PROBE("rawbpf", "twice", "0", "-4@$5", "r"(x));
}

__attribute__((noinline)) void scaled(long *table, long i) {
  PROBE("rawbpf", "scaled", "0", "8@%0", "m"(table[i]));
}

__attribute__((noinline)) void plain(void) { PROBE("rawbpf", "plain", "0", "", "i"(0)); }
/* As newer headers make them on x86-64. */
#ifdef __x86_64__
__attribute__((noinline)) void fast(int x) { PROBE_AT("nop\\n.byte 0x0f, 0x1f, 0x44, 0, 0\\n", "rawbpf", "fast", "0", "-4@%0", "r"(x)); }
#else
__attribute__((noinline)) void fast(int x) { PROBE("rawbpf", "fast", "0", "-4@%0", "r"(x)); }
#endif
__attribute__((noinline)) void unreadable(double x) { PROBE("rawbpf", "unreadable", "0", "8f@%0", "x"(x)); }

int main(void) {
  char line[64];
  long table[4] = {10, 20, 30, 40};
  setvbuf(stdout, NULL, _IOLBF, 0);
  while (fgets(line, sizeof(line), stdin)) {
    int x = atoi(line);
    work("hello, usdt", -5000000000L * x, x);
    twice(x);
    scaled(table, x & 3);
    plain();
    fast(x);
    unreadable(x);
    printf("%d\\n", work_semaphore);
  }
  return 0;
}
`;
