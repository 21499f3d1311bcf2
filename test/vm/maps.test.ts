import t from 'tap';
import '../maps-as.test.js';
import '../maps-batch.test.js';
import '../maps-hash.test.js';

t.setTimeout(900_000);
