import { networkInterfaces } from 'node:os';
import { inspectObject, parseObject } from '../../object/index.js';
import { readInput } from '../read-input.js';

/** A word that may stand where the cursor is. */
export interface Candidate {
  readonly word: string;
  readonly description: string;
}

/** By what something of the kernel is named. */
export type Property = 'id' | 'name' | 'tag';

/** The ids, names or tags of what the kernel has of a kind (`prog`, `map`, `link`); none where it may not be asked. */
export async function objects(kind: string, property: Property): Promise<Candidate[]> {
  try {
    const words = (await list(kind)).map(object => ({
      word: String(object[property] ?? ''),
      description:
        property === 'id' ? `${object.what} ${object.name ?? ''}`.trim() : `${object.what} ${object.id}`,
    }));
    return words.filter(({ word }) => word !== '');
  } catch {
    return [];
  }
}

interface Named {
  readonly id: number;
  readonly name?: string;
  readonly tag?: string;
  /** Its type. */
  readonly what: string;
}

async function list(kind: string): Promise<Named[]> {
  switch (kind) {
    case 'prog': {
      const { listPrograms } = await import('../../programs/index.js');
      return Array.from(listPrograms(), ({ id, name, tag, typeName }) => ({ id, name, tag, what: typeName }));
    }
    case 'map': {
      const { listMaps } = await import('../../maps/index.js');
      return Array.from(listMaps(), ({ id, name, typeName }) => ({ id, name, what: typeName }));
    }
    case 'link': {
      const { listLinks } = await import('../../programs/index.js');
      return Array.from(listLinks(), ({ id, typeName }) => ({ id, what: typeName }));
    }
    default:
      return [];
  }
}

/** The programs in an object; none where the file is none. */
export function objectPrograms(file: string): Candidate[] {
  try {
    const { programs } = inspectObject(parseObject(readInput(file), { file }));
    return programs.map(({ name, section }) => ({ word: name, description: section }));
  } catch {
    return [];
  }
}

export function interfaces(): Candidate[] {
  return Object.entries(networkInterfaces()).map(([word, addresses = []]) => ({
    word,
    description: addresses[0]?.address ?? '',
  }));
}
