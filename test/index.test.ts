import { expect } from 'chai'
import * as plimsoll from '../src/index.ts'

describe('index', () => {
  it('exports exactly these names', () => {
    expect(Object.keys(plimsoll).sort()).to.deep.equal([
      ...['BaseError', 'allAdapters', 'applyChanges', 'assembleAttestation', 'assembleBatch', 'assembleRoot'],
      ...[
        'attestationDigest',
        'attestationTypedData',
        'batchDigest',
        'batchTypedData',
        'breakdownReport',
        'buildBatch',
      ],
      ...['buildRoot', 'calculateLadder', 'calculateMargin', 'chainSources', 'changesSchema', 'decodeAttestation'],
      ...['decodeBatch', 'decodeFlags', 'decodeLeaf', 'decodeRoot', 'defaultCalibration', 'defaultPostPolicy'],
      ...['defaultUnderlyings', 'draftAttestation', 'encodeAttestation', 'encodeBatch', 'encodeFlags', 'encodeLeaf'],
      ...['encodeRoot', 'expiresAt', 'explainMargin', 'explanationReport', 'fileHistory', 'fileMarket'],
      ...['formatSnapshot', 'improvementBound', 'inputsHash', 'keepAccount', 'ladderReport', 'parametersHash'],
      ...['parseParameters', 'parseSnapshot', 'pinBlock', 'portfolioRoot', 'positionsReport', 'postAttestation'],
      ...['postBatch', 'postLeaf', 'postRoot', 'readAll', 'readEach', 'readImprovement'],
      ...['readMarket', 'readPostedAttestation', 'readPostedBatch', 'readPostedRoot', 'readRegistry', 'readSnapshot'],
      ...['recompute', 'rootDigest', 'rootTypedData', 'runPlans', 'scenarioReport', 'shouldPost'],
      ...['signAttestation', 'signBatch', 'signRoot', 'signerFromKey', 'signerFromKeystore', 'toAssetKey'],
      ...['toRecord', 'verifyAttestation', 'verifyBatch', 'verifyLeaf', 'verifyRoot', 'version'],
    ])
  })
})
