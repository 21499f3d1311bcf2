import { runCli } from '../src/cli/run-cli.js';

/** Runs the command lines that its parent sends, and answers with what each printed. */
process.on('message', async (args: string[]) => {
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].setMaxListeners(0);
    process[name].write = ((text: string) => {
      printed[name] += text;
      return true;
    }) as typeof process.stdout.write;
  }
  const status = await runCli(args);
  process.send?.({ status, ...printed });
});
