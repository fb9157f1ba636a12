/** The values of a batch. */
import { describe, expect, it } from 'vitest';
import { packPrimitives, unpackValues, valueCount } from '../../src/protocol/value-batch.ts';

describe('value batches', () => {
  it.each([
    [[1, 2.5, -0], 'numbers'],
    [[undefined, undefined], 'void'],
    [['a', 1, null, undefined, true, 3n], 'plain'],
  ])('%o travel as %s', (values, kind) => {
    const valueBatch = packPrimitives(values)!;
    expect(valueBatch.kind).toBe(kind);
    expect(valueCount(valueBatch)).toBe(values.length);
    expect(Array.from(unpackValues(valueBatch, (message) => message))).toEqual(values);
  });

  it('leave objects and symbols to the codec', () => {
    expect(packPrimitives([1, {}])).toBeNull();
    expect(packPrimitives([Symbol.iterator])).toBeNull();
  });
});
