/** The tests of what people do with other tools, in one process of a guest that has BCC's headers. scripts/vm/seeds.sh runs this. */
import './seeds-bcc.test.js';
import './libbpf-tools.test.js';
