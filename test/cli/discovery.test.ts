import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { expect } from 'chai'
import { discoveryOf, UsageError } from '../../scripts/cli/context.ts'
import { fileLogIndex } from '../../scripts/cli/logIndexFile.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { type LogIndex, parseLogIndex } from '../../src/core/logIndex.ts'
import { temporaryDirectory } from '../support/commandLine.ts'
import { rejection } from '../support/rejection.ts'

const index: LogIndex = {
  schema: 'plimsoll-log-index/1',
  chainId: 1,
  entries: [
    {
      venue: 'morpho-blue',
      account: '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC',
      filters: `0x${'11'.repeat(32)}`,
      checkpoints: [{ number: 10n ** 18n, hash: `0x${'22'.repeat(32)}` }],
      ids: [{ id: '7', block: 3n }],
    },
  ],
}

describe('options of discovery', () => {
  it('takes ids of several venues, none among them, and leaves to a search what is not given', () => {
    const { ids } = discoveryOf({ ids: ['morpho-blue=0x12, 0x34', 'uniswap-v4='] })
    expect(ids).to.deep.equal({ 'morpho-blue': ['0x12', '0x34'], 'uniswap-v4': [] })
    expect(discoveryOf({})).to.deep.equal({ ids: {} })
  })

  it('refuses ids without a venue and a venue that is named twice', () => {
    for (const ids of [['0x12'], ['=0x12'], ['a=1', 'a=2']]) {
      expect(() => discoveryOf({ ids }), ids.join(' ')).to.throw(UsageError, /--ids/)
    }
  })

  it('keeps an index in a file that it replaces as a whole, and refuses a file that is none', async () => {
    const directory = await temporaryDirectory()
    try {
      const file = directory.file('new/index.json')
      const store = fileLogIndex(file)
      expect(await store.load()).to.equal(undefined)
      await store.save({ ...index, entries: [] })
      await store.save(index)
      expect(await store.load()).to.deep.equal(index)
      expect(parseLogIndex(await readFile(file, 'utf8'))).to.deep.equal(index)
      expect(await readdir(dirname(file))).to.deep.equal(['index.json'])
      await writeFile(file, '{"schema":"plimsoll-log-index/1"')
      await rejection(store.load(), InvalidInputError)
    } finally {
      await directory.remove()
    }
  })
})
