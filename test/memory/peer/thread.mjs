// A worker thread has to be given tsx's hooks from inside.
import { register } from 'tsx/esm/api';

register();
await import('./peer.ts');
