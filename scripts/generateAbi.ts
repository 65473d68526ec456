import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import hre from 'hardhat'

/** Contracts whose ABI the package ships, with the names of the constants. */
const published = {
  marginOracleAbi: 'IMarginOracle',
  marginRegistryAbi: 'MarginRegistry',
  creditLineAbi: 'CreditLine',
  gatedVaultAbi: 'GatedVault',
  marginRatioFeedAbi: 'MarginRatioFeed',
  mockMarginRegistryAbi: 'MockMarginRegistry',
}

await hre.tasks.getTask('build').run({ quiet: true })
const file = new URL('../src/attest/abi.ts', import.meta.url)
const constants = await Promise.all(
  Object.entries(published).map(async ([name, contract]) => {
    const { abi } = await hre.artifacts.readArtifact(contract)
    return `/** ABI of \`${contract}\`. */\nexport const ${name} = ${JSON.stringify(abi)} as const\n`
  }),
)
writeFileSync(file, `// Written by scripts/generateAbi.ts.\n\n${constants.join('\n')}`)
const { status } = spawnSync('biome', ['check', '--write', file.pathname], { stdio: 'inherit' })
if (status !== 0)
  throw new Error(`biome could not format ${file.pathname}; run this through npm or with node_modules/.bin on the path`)
process.stderr.write(`${file.pathname}: ${readFileSync(file, 'utf8').split('\n').length} lines\n`)
