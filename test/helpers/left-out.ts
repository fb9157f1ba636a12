import { leftOut } from './debian.ts';

/** Says, as the last word of a run, which tests lacked something here. */
export function teardown(): void {
  const { files, commands } = leftOut();
  if (files.length === 0) return;
  console.log(
    `\n${files.length} files of tests want what is not installed and were left out. ` +
      `All tests: ${commands.join(' && ')}\n`,
  );
}
