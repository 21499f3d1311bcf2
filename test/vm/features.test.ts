import { release } from 'node:os';
import t from 'tap';
import { Kernel, liveSys } from '../../src/index.js';
import { features } from '../../src/kernel/index.js';
import type { FeatureName } from '../../src/object/index.js';

const [major = 0, minor = 0] = release().split('.').map(Number);

t.test(
  `Linux ${release()}: a feature is there from the version on that brought it, and not before`,
  async t => {
    const kernel = Kernel.running(liveSys());
    for (const [name, { since, backported }] of Object.entries(features)) {
      const [sinceMajor = 0, sinceMinor = 0] = since.split('.').map(Number);
      const expected = major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
      if (backported && !expected) continue;
      t.equal(kernel.has(name as FeatureName), expected, `${name}, since ${since}`);
    }
  },
);
