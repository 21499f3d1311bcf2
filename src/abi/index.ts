export { attrOfCmd, bpfAttr } from './attr.gen.js';
export * from './enums.gen.js';
export { bpfLinkInfoIterTask, bpfLinkInfoPerfEvent } from './link-info.js';
export { enumName } from './names.js';
export {
  type DecodedField,
  type DecodedRecord,
  type FieldKind,
  type FieldValue,
  hostEndian,
  type Point,
  Struct,
  type StructField,
  type StructRecord,
} from './struct.js';
export * from './structs.gen.js';
