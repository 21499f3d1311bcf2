import { runCli } from './run-cli.js';

// No top-level await: what users run is this as CommonJS (scripts/bundle.ts).
void runCli(process.argv.slice(2)).then(status => {
  process.exitCode = status;
});
