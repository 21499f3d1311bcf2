import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A process of our own that waits, so that a program can be pointed at it before it does anything. */
export interface WaitingChild {
  readonly pid: number;
  /** Lets it run its script; resolves with its standard output when it has ended. Throws when it failed. */
  release(): Promise<string>;
  /** Ends it if it still waits. */
  close(): void;
}

/** Starts `sh` waiting for {@link WaitingChild.release}; then it runs `script`. `exec` in the script keeps the pid. */
export function waitingChild(script: string): WaitingChild {
  const child = spawn('sh', ['-c', `read line; ${script}`], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'close');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return {
    pid: child.pid as number,
    async release() {
      child.stdin.end('\n');
      const [status] = await exited;
      if (status !== 0) throw new Error(`sh -c '${script}' ended with ${status}`);
      return output;
    },
    close() {
      child.kill('SIGKILL');
    },
  };
}
