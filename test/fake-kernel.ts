import {
  attrOfCmd,
  BpfCmd,
  bpfMapInfo,
  bpfProgInfo,
  type DecodedRecord,
  enumName,
} from '../src/abi/index.js';
import { attrSchema, type Pointed, type Sys } from '../src/syscall/index.js';

/** A call of bpf(), decoded. */
export interface FakeCall {
  readonly cmd: string;
  readonly attr: DecodedRecord;
}

/**
 * As much of a kernel as loading an object needs, for tests without one: it hands out fds, remembers what maps were asked for, and
 * describes them. Nothing runs. `answer` may take a call over.
 */
export function fakeKernel(
  answer: (call: FakeCall, pointed: readonly Pointed[]) => number | undefined = () => undefined,
): {
  readonly sys: Sys;
  readonly calls: readonly FakeCall[];
} {
  const calls: FakeCall[] = [];
  const maps = new Map<number, DecodedRecord>();
  let nextFd = 1000;
  let nextAddress = 0x10000n;

  const describe = (fd: number, pointed: readonly Pointed[]): number => {
    const map = maps.get(fd);
    const info = map
      ? bpfMapInfo.encode({
          type: map['map_type'] as number,
          id: fd,
          key_size: map['key_size'] as number,
          value_size: map['value_size'] as number,
          max_entries: map['max_entries'] as number,
          map_flags: map['map_flags'] as number,
        })
      : bpfProgInfo.encode({ id: fd });
    pointed[0]?.bytes.set(info.subarray(0, pointed[0].bytes.length));
    return 0;
  };

  const sys: Sys = {
    bpf(cmd, bytes, _size, pointed = []) {
      const call = { cmd: enumName(BpfCmd, cmd) ?? String(cmd), attr: attrSchema(cmd).decode(bytes) };
      calls.push(call);
      const answered = answer(call, pointed);
      if (answered !== undefined) return answered;
      if (cmd === BpfCmd.BPF_OBJ_GET_INFO_BY_FD) return describe(Number(call.attr['bpf_fd']), pointed);
      if (!/_(CREATE|LOAD|OPEN)$/.test(call.cmd)) return 0;
      const fd = nextFd++;
      if (attrOfCmd[call.cmd as keyof typeof attrOfCmd] === 'map_create') maps.set(fd, call.attr);
      return fd;
    },
    perfEventOpen: () => nextFd++,
    ioctl: () => 0,
    mmap: (_fd, length) => ({ address: 0n, length, buffer: new ArrayBuffer(length), close() {} }),
    close: () => 0,
    poll: () => ({ close() {}, ref() {}, unref() {} }),
    addressOf(buffer) {
      const address = nextAddress;
      nextAddress += BigInt(buffer.length + 16);
      return address;
    },
    setMemlock: () => 0,
    mountDetached: () => -1,
  };
  return { sys, calls };
}
