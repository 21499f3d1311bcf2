import { maxArguments, names, pick, program, upTo } from './macro.js';

/**
 * `bpf/usdt.bpf.h`: the arguments of static probes of user space. The loader writes where they are into the maps here: the names of the maps and of their fields, and
 * where those lie, are a contract with it (libbpf: src/usdt.c; rawbpf reads them by their BTF).
 */
export function usdtBpf(): string {
  return [
    '#pragma once',
    '',
    '#include "bpf_helpers.h"',
    '#include "bpf_tracing.h"',
    '',
    types,
    '',
    code,
    '',
    macros(),
    '',
  ].join('\n');
}

const types = `#ifndef BPF_USDT_MAX_SPEC_CNT
#define BPF_USDT_MAX_SPEC_CNT 256
#endif
#ifndef BPF_USDT_MAX_IP_CNT
#define BPF_USDT_MAX_IP_CNT (4 * BPF_USDT_MAX_SPEC_CNT)
#endif
#define BPF_USDT_MAX_ARG_CNT ${maxArguments}

enum __bpf_usdt_arg_type {
  BPF_USDT_ARG_CONST,
  BPF_USDT_ARG_REG,
  BPF_USDT_ARG_REG_DEREF,
  BPF_USDT_ARG_SIB,
};

struct __bpf_usdt_arg_spec {
  unsigned long long val_off;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  enum __bpf_usdt_arg_type arg_type : 8;
  unsigned short idx_reg_off : 12;
  unsigned short scale_bitshift : 4;
  unsigned char __reserved : 8;
#else
  unsigned char __reserved : 8;
  unsigned short idx_reg_off : 12;
  unsigned short scale_bitshift : 4;
  enum __bpf_usdt_arg_type arg_type : 8;
#endif
  short reg_off;
  _Bool arg_signed;
  char arg_bitshift;
};

struct __bpf_usdt_spec {
  struct __bpf_usdt_arg_spec args[BPF_USDT_MAX_ARG_CNT];
  unsigned long long usdt_cookie;
  short arg_cnt;
};

struct {
  __uint(type, 2 /* BPF_MAP_TYPE_ARRAY */);
  __uint(max_entries, BPF_USDT_MAX_SPEC_CNT);
  __type(key, int);
  __type(value, struct __bpf_usdt_spec);
} __bpf_usdt_specs SEC(".maps") __weak;

struct {
  __uint(type, 1 /* BPF_MAP_TYPE_HASH */);
  __uint(max_entries, BPF_USDT_MAX_IP_CNT);
  __type(key, long);
  __type(value, unsigned int);
} __bpf_usdt_ip_to_spec_id SEC(".maps") __weak;

extern const _Bool LINUX_HAS_BPF_COOKIE __kconfig;`;

const code = `/* The probe's specification: its number is the link's cookie, or, before Linux 5.15, known by the address. */
static __always_inline struct __bpf_usdt_spec *__rawbpf_usdt_spec(struct pt_regs *ctx) {
  int id;
  if (LINUX_HAS_BPF_COOKIE) {
    id = bpf_get_attach_cookie(ctx);
  } else {
    long ip = PT_REGS_IP(ctx);
    int *found = bpf_map_lookup_elem(&__bpf_usdt_ip_to_spec_id, &ip);
    if (!found) return NULL;
    id = *found;
  }
  return bpf_map_lookup_elem(&__bpf_usdt_specs, &id);
}

static __always_inline long __rawbpf_usdt_register(struct pt_regs *ctx, unsigned int at, unsigned long *value) {
  return bpf_probe_read_kernel(value, sizeof(*value), (void *)ctx + at);
}

/* How many arguments the probe has; -3 (ESRCH) where it is not known. */
__weak __hidden int bpf_usdt_arg_cnt(struct pt_regs *ctx) {
  struct __bpf_usdt_spec *spec = __rawbpf_usdt_spec(ctx);
  return spec ? spec->arg_cnt : -3;
}

/* Bytes of an argument; -3 (ESRCH), or -2 (ENOENT) where the probe has fewer. */
__weak __hidden int bpf_usdt_arg_size(struct pt_regs *ctx, unsigned long long arg_num) {
  struct __bpf_usdt_spec *spec = __rawbpf_usdt_spec(ctx);
  if (!spec) return -3;
  if (arg_num >= BPF_USDT_MAX_ARG_CNT) return -2;
  barrier_var(arg_num);
  if (arg_num >= spec->arg_cnt) return -2;
  return (64u - spec->args[arg_num].arg_bitshift) >> 3;
}

/* An argument, counted from 0: a constant, a register, or memory of the process that registers point to. 0, or an error as above. */
__weak __hidden int bpf_usdt_arg(struct pt_regs *ctx, unsigned long long arg_num, long *res) {
  struct __bpf_usdt_spec *spec = __rawbpf_usdt_spec(ctx);
  struct __bpf_usdt_arg_spec *arg;
  unsigned long value, index;
  int type, shift;
  long err;

  *res = 0;
  if (!spec) return -3;
  if (arg_num >= BPF_USDT_MAX_ARG_CNT) return -2;
  barrier_var(arg_num);
  if (arg_num >= spec->arg_cnt) return -2;
  arg = &spec->args[arg_num];
  type = arg->arg_type;
  shift = arg->arg_bitshift;
  if (type == BPF_USDT_ARG_CONST) {
    value = arg->val_off;
  } else {
    err = __rawbpf_usdt_register(ctx, arg->reg_off, &value);
    if (err) return err;
  }
  if (type == BPF_USDT_ARG_SIB) {
    err = __rawbpf_usdt_register(ctx, arg->idx_reg_off, &index);
    if (err) return err;
    value += index << arg->scale_bitshift;
  }
  if (type == BPF_USDT_ARG_REG_DEREF || type == BPF_USDT_ARG_SIB) {
    err = bpf_probe_read_user(&value, sizeof(value), (void *)value + arg->val_off);
    if (err) return err;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value >>= shift;
#endif
  } else if (type != BPF_USDT_ARG_CONST && type != BPF_USDT_ARG_REG) {
    return -22; /* EINVAL */
  }
  value <<= shift;
  *res = arg->arg_signed ? (long)value >> shift : (long)(value >> shift);
  return 0;
}

/* What the probe was attached with. */
__weak __hidden long bpf_usdt_cookie(struct pt_regs *ctx) {
  struct __bpf_usdt_spec *spec = __rawbpf_usdt_spec(ctx);
  return spec ? spec->usdt_cookie : 0;
}`;

function macros(): string {
  const argument = (i: number) => `({ long __x; bpf_usdt_arg(ctx, ${i}, &__x); __x; })`;
  return [
    pick,
    ...upTo(maxArguments + 1).map(
      count =>
        `#define __rawbpf_usdt${count}(${names(count)}) ${['ctx', ...upTo(count).map(argument)].join(', ')}`,
    ),
    program(
      'BPF_USDT(name, args...)',
      'struct pt_regs *ctx',
      ', ##args',
      'return ____##name(__rawbpf_pick(__rawbpf_usdt, args)(args));',
    ),
  ].join('\n');
}
