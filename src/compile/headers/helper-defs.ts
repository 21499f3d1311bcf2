import { BpfFuncId } from '../../abi/index.js';
import { helperParameters } from './helper-parameters.gen.js';
import { parametersByHand, returnsByHand } from './helpers-by-hand.js';

const returns = new Map(
  Object.entries(returnsByHand).flatMap(([type, names]) => names.map(name => [name, type] as const)),
);

/** `bpf/bpf_helper_defs.h`: every helper as the constant pointer to a function whose address is the helper's id, which clang makes a call of. */
export function helperDefs(): string {
  const structs = Object.keys(returnsByHand).flatMap(type => /^struct \w+/.exec(type) ?? []);
  const helpers = Object.entries(BpfFuncId).flatMap(([constant, id]) =>
    id === 0 ? [] : [definition(constant.replace(/^BPF_FUNC_/, ''), id)],
  );
  return ['#pragma once', '', ...structs.map(name => `${name};`), '', ...helpers, ''].join('\n');
}

function definition(name: string, id: number): string {
  const parameters = parametersByHand[name] ?? helperParameters[name];
  if (!parameters) throw new Error(`helper ${name} has no parameters`);
  const type = returns.get(name) ?? 'long';
  const space = type.endsWith('*') ? '' : ' ';
  return `static ${type}${space}(*const bpf_${name})(${parameters.join(', ') || 'void'}) = (void *)${id};`;
}
