/**
 * The tests that need another kernel than the one at hand, all in one process: starting a test file costs seconds under emulation.
 * scripts/vm/test.sh runs this inside the guest.
 */
import '../kernel-helper-since.test.js';
import '../links-cgroup-order.test.js';
import '../links-cgroup-refused.test.js';
import '../links-cgroup.test.js';
import '../links-freplace.test.js';
import '../links-info.test.js';
import '../links-iter.test.js';
import '../links-kprobe.test.js';
import '../links-life.test.js';
import '../links-netns.test.js';
import '../links-perf-event.test.js';
import '../links-raw-tracepoint.test.js';
import '../links-socket.test.js';
import '../links-sockmap.test.js';
import '../links-struct-ops.test.js';
import '../links-tracepoint.test.js';
import '../links-tracing.test.js';
import '../links-uprobe.test.js';
import '../links-usdt.test.js';
import '../programs-code.test.js';
import '../programs-privileges.test.js';
import '../programs-test-run-struct-ops.test.js';
import '../programs-test-run.test.js';
import '../programs-verifier-live.test.js';
import '../section-names-load.test.js';
import './core.test.js';
import './failures.test.js';
import './features.test.js';
import './inode-storage.test.js';
import './kprobe.test.js';
import './load.test.js';
import './maps.test.js';
import './memory.test.js';
import './module.test.js';
import './new-maps.test.js';
import './parity.test.js';
import './ring-overwrite.test.js';
import './tracepoint.test.js';
import '../links-net.test.js';
