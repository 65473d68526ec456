import { writeFileSync } from 'node:fs'
import hre from 'hardhat'

/** Writes the code of the lens contract into `src/`, since a read needs it where no artifact is. */
await hre.tasks.getTask('build').run({ quiet: true })
const { bytecode, deployedBytecode } = await hre.artifacts.readArtifact('CallLens')
const file = new URL('../src/chain/lensCode.ts', import.meta.url)
writeFileSync(
  file,
  `// Written by scripts/generateLens.ts.

/** Code of \`CallLens\`. */
export const callLensCode = {
  creation:
    '${bytecode}',
  runtime:
    '${deployedBytecode}',
} as const
`,
)
