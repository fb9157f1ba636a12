import { leftOut } from './debian.ts';

/** Says, as the last word of a run, which tests lacked something here. */
export function teardown(): void {
  const { files, commands } = leftOut();
  if (files.length === 0) return;
  console.log(
    `\nFiles of tests left out, for want of what is not installed here: ${files.length}. ` +
      `To run all: ${commands.join(' && ')}\n`,
  );
}
