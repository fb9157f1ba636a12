// A process that answers each message; the least that child_process.fork can do.
'use strict';
process.on('message', (message) => process.send(message));
