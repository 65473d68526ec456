import { readdir, writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import { getAddress, type Hex, keccak256 } from 'viem'
import { buildRoot } from '../../src/attest/root.ts'
import { fileRootStore, recordsUnder, toPublished } from '../../src/keeper/roots.ts'
import { temporaryDirectory } from '../support/commandLine.ts'

const observedAt = 1_800_000_000
const domain = { chainId: 1, registry: getAddress(`0x${'aa'.repeat(20)}`) }

function treeOf(...equities: readonly bigint[]) {
  const drafts = equities.map((equity, index) => ({
    record: {
      ...{ account: `0x${`0${index + 1}`.repeat(20)}` as const, observedAt, lienSeq: 0, modelId: 1, flags: 0x26 },
      ...{ initialMargin: 2_000_000n, maintenanceMargin: 1_000_000n, equity },
    },
    ...{ blockNumber: 7n, portfolioRoot: keccak256('0x01') as Hex },
  }))
  return toPublished(buildRoot(drafts), domain)
}

describe('files of roots', () => {
  it('give back what was published for a time, and pass over what is torn or no tree', async () => {
    const directory = await temporaryDirectory()
    const store = fileRootStore(directory.file('proofs'))
    expect(await store.at(observedAt)).to.deep.equal([])
    const published = treeOf(3_000_000n, 4_000_000n)
    await store.publish(published)
    expect(await store.at(observedAt)).to.deep.equal([published])
    expect([...recordsUnder(published).values()].map(({ equity }) => equity)).to.have.members([3_000_000n, 4_000_000n])
    expect(await store.at(observedAt + 1)).to.deep.equal([])

    const nameOf = (digit: string) => directory.file(`proofs/${observedAt}-0x${digit.repeat(64)}.json`)
    await writeFile(nameOf('1'), '')
    await writeFile(nameOf('2'), '{"schema":"plimsoll-root/1"}')
    const [account] = Object.keys(published.proofs)
    await writeFile(nameOf('3'), JSON.stringify({ ...published, proofs: { [account as string]: '0x12' } }))
    expect(await store.at(observedAt)).to.deep.equal([published])
    expect(await readdir(directory.file('proofs'))).to.have.length(4)
    await directory.remove()
  })
})
