/** What goes wrong between two programs. */

/** The class of all errors of `heddle/connection`; its `code` tells which. */
export class ConnectionError extends Error {
  override readonly name: string = 'ConnectionError';
  readonly code: string = 'ERR_HEDDLE_CONNECTION';
}

/** The other side does not have our key. */
export class AuthenticationError extends ConnectionError {
  override readonly name = 'AuthenticationError';
  override readonly code = 'ERR_HEDDLE_AUTHENTICATION';
}

/** One of the two sides has closed the connection, or the listener has been closed. */
export class ConnectionClosedError extends ConnectionError {
  override readonly name = 'ConnectionClosedError';
  override readonly code = 'ERR_HEDDLE_CONNECTION_CLOSED';
}

/** The connection broke off, and nobody had closed it; `cause` is what the system said, if anything. */
export class ConnectionLostError extends ConnectionError {
  override readonly name = 'ConnectionLostError';
  override readonly code = 'ERR_HEDDLE_CONNECTION_LOST';
}

/** What came is nothing that this library sends, or somebody has changed it on its way. */
export class ProtocolError extends ConnectionError {
  override readonly name = 'ProtocolError';
  override readonly code = 'ERR_HEDDLE_CONNECTION_PROTOCOL';
}

/** A message is longer than `maxBytes`. */
export class MessageTooLargeError extends ConnectionError {
  override readonly name = 'MessageTooLargeError';
  override readonly code = 'ERR_HEDDLE_MESSAGE_TOO_LARGE';

  /** Bytes of the message. */
  readonly size: number;
  /** How many it may have. */
  readonly maxBytes: number;

  /** @internal */
  constructor(size: number, maxBytes: number, whose: 'sent' | 'received') {
    super(
      whose === 'sent'
        ? `the message has ${size} bytes, and 'maxBytes' is ${maxBytes}: send it in parts, or give both sides a greater 'maxBytes'`
        : `the other side announced a message of ${size} bytes, and 'maxBytes' is ${maxBytes}: the connection was ended`,
    );
    this.size = size;
    this.maxBytes = maxBytes;
  }
}

/** @param what - what did not come in time, as a sentence */
export function timeoutError(what: string): DOMException {
  return new DOMException(what, 'TimeoutError');
}
