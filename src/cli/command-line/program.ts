import { Command, CommanderError } from 'commander';
import { packageVersion } from '../own-package.js';
import { coloured, paint } from '../paint.js';
import { addBatchCommand } from './batch.js';
import { addBtfCommands } from './btf.js';
import { addCgroupCommands } from './cgroup.js';
import { addCompletionCommands } from './completion.js';
import { addFeatureCommands } from './feature.js';
import { addGenCommands } from './gen.js';
import { addIterCommands } from './iter.js';
import { addLinkCommands } from './link.js';
import { addMapCommands } from './map.js';
import { addNetCommands } from './net.js';
import { addObjectCommands } from './objects.js';
import { addPerfCommands } from './perf.js';
import { addProgCommands } from './prog.js';
import { addRunCommands } from './run.js';
import { addStructOpsCommands } from './struct-ops.js';

/** The command line: every command with its arguments, options and help. What a command does is loaded when it is called. */
export function createProgram(): Command {
  const program = new Command('rawbpf')
    .description('eBPF down to the syscall: look into BPF objects, load them, run them.')
    .option('--verbose', 'print the long story of an error (also: RAWBPF_VERBOSE=1)')
    .option('-V, --version', 'print the version')
    .configureHelp({
      showGlobalOptions: true,
      // commander takes the colours out where there should be none.
      styleTitle: title => coloured('bold', title),
      styleCommandText: command => coloured('cyan', command),
      styleSubcommandText: command => coloured('cyan', command),
      styleOptionText: option => coloured('green', option),
    })
    .configureOutput({
      outputError: (text, write) =>
        write(text.replace(/^error: /, `${paint('red', 'rawbpf:', process.stderr)} `)),
    })
    .showHelpAfterError('(rawbpf --help tells more)')
    .exitOverride()
    // Not by version(), for which every start would read package.json.
    .on('option:version', () => {
      process.stdout.write(`${packageVersion()}\n`);
      throw new CommanderError(0, 'commander.version', 'the version');
    });
  addObjectCommands(program);
  addRunCommands(program);
  addProgCommands(program);
  addMapCommands(program);
  addStructOpsCommands(program);
  addLinkCommands(program);
  addBtfCommands(program);
  addGenCommands(program);
  addPerfCommands(program);
  addIterCommands(program);
  addNetCommands(program);
  addFeatureCommands(program);
  addBatchCommand(program, createProgram);
  addCgroupCommands(program);
  addCompletionCommands(program, createProgram);
  return program;
}
