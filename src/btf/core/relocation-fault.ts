/** Why a CO-RE relocation cannot be applied, in words; who applies it says where it is. */
export class RelocationFault extends Error {
  override readonly name: string = 'RelocationFault';
}
