import { beforeAll, expect, it } from 'vitest';
import { threadpoolInfo } from '../../src/index.ts';
import { loadLibrary, loadStub } from './probe.ts';

beforeAll(() => {
  loadLibrary('libomp');
});

it('LLVM and Intel OpenMP in one process are warned of once, with the remedy', async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on('warning', listen);
  loadStub('libiomp5.so');
  threadpoolInfo();
  loadStub('libmkl_rt.so.2');
  threadpoolInfo();
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off('warning', listen);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]?.message).toMatch(/LLVM's and Intel's OpenMP.*libomp.*libiomp5/);
  expect(warnings[0]?.message).toMatch(/LD_PRELOAD/);
});
