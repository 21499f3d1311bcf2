/** Words that TypeScript keeps for itself, as names of types or of anything. */
const reserved = new Set(
  (
    'any as async await bigint boolean break case catch class const continue debugger default delete do else enum export extends false ' +
    'finally for from function if implements import in instanceof interface let never new null number object of package private protected ' +
    'public return static string super switch symbol this throw true try type typeof undefined unknown using var void while with yield'
  ).split(' '),
);

const identifier = /^[A-Za-z_$][\w$]*$/;

/** A property's name as source: quoted where it is no identifier. */
export function propertyName(name: string): string {
  return identifier.test(name) ? name : JSON.stringify(name);
}

/** The names of one module: each given out once, as close to the one wanted as TypeScript lets. */
export class ModuleNames {
  readonly #taken: Set<string>;

  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  take(wanted: string): string {
    const legal = wanted.replaceAll(/[^\w$]+/g, '_').replace(/^(?=\d|$)/, '_');
    const base = reserved.has(legal) ? `${legal}_` : legal;
    let name = base;
    for (let i = 2; this.#taken.has(name); i++) name = `${base}_${i}`;
    this.#taken.add(name);
    return name;
  }
}
