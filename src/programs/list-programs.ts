import { liveSys, type Sys } from '../syscall/index.js';
import { eachObject } from './object-ids.js';
import { type ProgramInfo, readProgramInfo } from './program-info.js';

/**
 * Every loaded program of the kernel, by ascending id (Linux 4.13). Programs that go away meanwhile are passed over. Throws BpfError: EPERM without
 * CAP_SYS_ADMIN.
 */
export function listPrograms(sys: Sys = liveSys()): Generator<ProgramInfo, void, undefined> {
  return eachObject(sys, 'program', (fd, what) => readProgramInfo(sys, fd, what));
}
