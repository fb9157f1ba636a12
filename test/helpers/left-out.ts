import { leftOut } from './debian.ts';

/** Says, as the last word of a run, which tests had nothing to compare with. */
export function teardown(): void {
  const { files, packages } = leftOut();
  if (files.length === 0) return;
  console.log(
    `\n${files.length} files of tests compare with what is not installed and were left out. ` +
      `All tests: sudo apt-get install ${packages.join(' ')}\n`,
  );
}
