import { availableParallelism } from 'node:os';
import { BpfCmd, enumName } from '../../abi/index.js';
import { newestKernel, type Plan, parseObject, planLoad } from '../../object/index.js';
import { formatStep } from '../format-step.js';
import { printJson, printLines } from '../output.js';
import { readBtf } from '../read-btf.js';
import { readInput } from '../read-input.js';
import { complain } from '../report-error.js';

export interface PlanOptions {
  readonly btf?: string;
  readonly json?: boolean;
}

/** `rawbpf plan FILE`: the calls that loading would make on the newest kernel, fds by name; makes none of them. */
export async function plan(file: string, { btf, json }: PlanOptions): Promise<void> {
  const kernel = newestKernel({
    possibleCpus: availableParallelism(),
    ...(btf === undefined ? {} : { btf: readBtf(btf) }),
  });
  const planned = planLoad(parseObject(readInput(file), { file }), kernel);
  if (json) return await printJson(document(file, planned));
  for (const warning of planned.warnings) complain(`warning: ${warning}`);
  await printLines(planned.steps.map(formatStep));
}

function document(file: string, { steps, warnings }: Plan) {
  return {
    file,
    steps: steps.map(step => ({
      cmd: enumName(BpfCmd, step.cmd),
      what: step.what,
      makes: step.makes ?? null,
      onError: step.onError,
      attr: step.attr,
      text: formatStep(step),
    })),
    warnings,
  };
}
