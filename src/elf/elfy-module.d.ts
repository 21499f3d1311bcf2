/** The part of elfy 1.0.0 that rawbpf uses; the package has no types of its own. */
declare module 'elfy' {
  interface Section {
    readonly name: string;
    readonly off: number;
    readonly size: number;
    readonly link: number;
    readonly info: number;
  }
  const elfy: { parse(file: Buffer): { readonly body: { readonly sections: readonly Section[] } } };
  export default elfy;
}
