/**
 * Values between programs that share a key: over Unix sockets and TCP, each side sure of the other.
 *
 * @packageDocumentation
 */

import '../inlined.ts';

export type { Address } from './address.ts';
export { type ConnectOptions, connect } from './connect.ts';
export { type CloseOptions, Connection, type WaitOptions } from './connection.ts';
export {
  AuthenticationError,
  ConnectionClosedError,
  ConnectionError,
  ConnectionLostError,
  MessageTooLargeError,
  ProtocolError,
} from './errors.ts';
export { Listener, type ListenOptions, listen } from './listener.ts';
export { wait } from './wait.ts';
