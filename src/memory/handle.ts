/**
 * By what shared memory and mapped files are known to others: plain data.
 */

/**
 * Who may write. `'copyonwrite'`: every worker may, and keeps what it wrote to itself.
 * `'readwrite'`: everyone sees everyone's writes, at once.
 */
export type SharedMode = 'copyonwrite' | 'readwrite';

/** By what another thread or process maps the same memory; plain data. */
export type SegmentHandle =
  | {
      readonly kind: 'memory';
      readonly locator: string;
      readonly inode: number;
      readonly bytes: number;
      readonly generation: number;
      /**
       * 'copyonwrite': the receiver may know the memory already. 'once': a mapping of its own,
       * copy-on-write. 'own': the receiver is the only one, so that no copy-on-write is needed.
       */
      readonly mode: SharedMode | 'once' | 'own';
    }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly offset: number;
      readonly bytes: number;
      readonly mode: SharedMode;
    };

/** By what memory of another thread or process is opened. */
export type MemoryHandle = Extract<SegmentHandle, { kind: 'memory' }>;
