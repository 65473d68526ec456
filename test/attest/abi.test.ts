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
import { postTag } from '../../src/attest/record.ts'

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

  it('has post() with the tag of the wire', () => {
    expect(toFunctionSelector('post()')).to.equal(postTag)
  })
})
