import { parseGlobalValue } from '../object/index.js';
import type { BpfObject } from '../programs/index.js';

/** Sets a global from the command line's text, by the global's BTF type. Throws ObjectError when the name or the text does not fit. */
export function setGlobal(object: BpfObject, name: string, text: string): void {
  object.globals[name] = parseGlobalValue(object.spec, name, text);
}
