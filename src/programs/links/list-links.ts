import { liveSys, type Sys } from '../../syscall/index.js';
import { eachObject } from '../object-ids.js';
import { readLinkInfo } from './info/link-info.js';
import type { LinkInfo } from './info/link-info-types.js';

/**
 * Every link of the kernel, by ascending id (Linux 5.8). Links that go away meanwhile are passed over. Throws BpfError: EPERM without
 * CAP_SYS_ADMIN.
 */
export function listLinks(sys: Sys = liveSys()): Generator<LinkInfo, void, undefined> {
  return eachObject(sys, 'link', (fd, what) => readLinkInfo(sys, fd, what));
}
