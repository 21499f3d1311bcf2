/** Flags of attaching, which are macros of include/uapi/linux/bpf.h and so in no BTF. */
export const BPF_F_ALLOW_OVERRIDE = 1 << 0;
export const BPF_F_ALLOW_MULTI = 1 << 1;
/** Of PROG_ATTACH and LINK_UPDATE: only in place of the program given. */
export const BPF_F_REPLACE = 1 << 2;
/** Place relative to the program or link given; Linux 6.6 (tcx), 6.17 (cgroups). */
export const BPF_F_BEFORE = 1 << 3;
export const BPF_F_AFTER = 1 << 4;
/** What is given is an id, not a fd. */
export const BPF_F_ID = 1 << 5;
/** Before the programs of child cgroups. Linux 6.15. */
export const BPF_F_PREORDER = 1 << 6;
/** What is given is a link, not a program. */
export const BPF_F_LINK = 1 << 13;
