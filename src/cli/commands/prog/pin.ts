import { openProgram } from '../../../programs/index.js';
import { Words } from '../../words.js';
import { takeProgram } from './select.js';

/** `rawbpf prog pin PROGRAM PATH`: the program stays loaded until the pin is removed. */
export function pinProgram(args: readonly string[]): void {
  const words = new Words(args);
  const source = takeProgram(words);
  const path = words.take('the path to pin it at');
  words.end();
  using program = openProgram(source);
  program.pin(path);
}
