// The raw child process: one message, one answer, by child_process's own channel.
import run from './work.mjs';

process.on('message', (message) => process.send(run(message)));
