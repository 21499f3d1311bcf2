/** Where a walk gets the elements of a map from. */
export interface ElementSource {
  readonly method: 'batch' | 'key';
  /** Keys and values that the last {@link fill} got, one beside the other. */
  readonly keys: DataView;
  readonly values: DataView;
  /** How often the map was seen to change: elements that vanished before they could be read, ways that led back. */
  readonly changes: number;
  /** Gets more elements: how many, perhaps none; -1 at the end of the map. Throws BpfError. */
  fill(): number;
}

/** What a walk does with the elements it comes by. */
export type WalkAction = 'keys' | 'entries' | 'take';
