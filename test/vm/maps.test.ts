import '../maps-as.test.js';
import '../maps-batch.test.js';
import '../maps-hash.test.js';
