import { expect, it } from 'vitest';
import { preview, rangeError, typeError } from '../src/errors.ts';

it('says what was given and what would be right, with a code to catch', () => {
  const range = rangeError('jobs', 0, 'a whole number other than 0');
  expect(range).toBeInstanceOf(RangeError);
  expect(range.message).toBe("'jobs' must be a whole number other than 0, but 0 was given");
  expect(range).toHaveProperty('code', 'ERR_HEDDLE_INVALID_ARGUMENT');
  expect(typeError('fn', '', 'a function')).toBeInstanceOf(TypeError);
});

it('keeps previews short and survives hostile values', () => {
  expect(preview('x'.repeat(1000)).length).toBeLessThanOrEqual(120);
  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error('no');
      },
    },
  );
  expect(typeof preview(hostile)).toBe('string');
});
