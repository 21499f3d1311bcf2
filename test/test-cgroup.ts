import { closeSync, mkdirSync, openSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BpfCmd } from '../src/abi/index.js';
import { BpfError, bpf, liveSys } from '../src/syscall/index.js';

/** Folder of the cgroup v2 that this process is in. */
export function currentCgroup(): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const mount = mounts.find(line => line.split(' ')[2] === 'cgroup2')?.split(' ')[1];
  const path = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  if (mount === undefined || path === undefined) throw new Error('cgroup v2 is not mounted');
  return join(mount, path);
}

/** Moves this process into a cgroup of its own, to which a program is attached; disposing of it moves it back, and takes both away. */
export function enterTestCgroup(
  program: { readonly fd: number },
  attachType: number,
): Disposable & { readonly folder: string } {
  const home = currentCgroup();
  const folder = join(home, `rawbpf-test-${process.pid}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'cgroup.procs'), String(process.pid));
  const sys = liveSys();
  const fd = openSync(folder, 'r');
  const cmd = BpfCmd.BPF_LINK_CREATE;
  const link = bpf(sys, cmd, { prog_fd: program.fd, target_fd: fd, attach_type: attachType });
  closeSync(fd);
  const dispose = (): void => {
    if (link >= 0) sys.close(link);
    writeFileSync(join(home, 'cgroup.procs'), String(process.pid));
    rmdirSync(folder);
  };
  if (link < 0) {
    dispose();
    throw new BpfError({ syscall: 'bpf', cmd, errno: -link });
  }
  return { folder, [Symbol.dispose]: dispose };
}
