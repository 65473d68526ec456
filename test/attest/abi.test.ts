import { expect } from 'chai'
import { artifacts } from 'hardhat'
import { toFunctionSelector } from 'viem'
import {
  creditLineAbi,
  gatedVaultAbi,
  marginOracleAbi,
  marginRatioFeedAbi,
  marginRegistryAbi,
  mockMarginRegistryAbi,
} from '../../src/attest/abi.ts'
import { batchTag } from '../../src/attest/batch.ts'
import { postTag } from '../../src/attest/record.ts'
import { leafTag, rootTag } from '../../src/attest/root.ts'

describe('abi', () => {
  for (const [name, abi] of Object.entries({
    IMarginOracle: marginOracleAbi,
    MarginRegistry: marginRegistryAbi,
    CreditLine: creditLineAbi,
    GatedVault: gatedVaultAbi,
    MarginRatioFeed: marginRatioFeedAbi,
    MockMarginRegistry: mockMarginRegistryAbi,
  })) {
    it(`${name} equals the compiled artifact`, async () => {
      expect(abi, 'run node scripts/generateAbi.ts').to.deep.equal((await artifacts.readArtifact(name)).abi)
    })
  }

  it('has functions with the tags of the wire', () => {
    expect(toFunctionSelector('post()')).to.equal(postTag)
    expect(toFunctionSelector('postBatch()')).to.equal(batchTag)
    expect(toFunctionSelector('postRoot()')).to.equal(rootTag)
    expect(toFunctionSelector('postLeaf()')).to.equal(leafTag)
  })
})
