import { availableParallelism } from 'node:os';
import { BpfCmd, enumName } from '../../abi/index.js';
import { missingFrom, newestKernel, type Plan, parseObject, planLoad } from '../../object/index.js';
import { relocationReport } from '../core-relocation.js';
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
  for (const warning of [...planned.warnings, ...refusals(planned)]) complain(`warning: ${warning}`);
  await printLines(planned.steps.flatMap(formatStep));
}

/** Why the verifier of that kernel would refuse programs. */
function refusals(planned: Plan): string[] {
  return planned.object.programs.flatMap(({ name }) =>
    missingFrom(planned, name)
      .filter(m => !m.guarded)
      .map(m => `program ${name} would be refused: it reaches ${m.missing}`),
  );
}

function document(file: string, { steps, coreRelocations, warnings }: Plan) {
  return {
    file,
    steps: steps.map(step => ({
      cmd: enumName(BpfCmd, step.cmd),
      what: step.what,
      makes: step.makes ?? null,
      onError: step.onError,
      attr: step.attr,
      text: formatStep(step).join('\n'),
    })),
    coreRelocations: coreRelocations.map(relocationReport),
    warnings,
  };
}
