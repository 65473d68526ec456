import { expect } from 'chai'
import * as plimsoll from '../src/index.ts'

describe('index', () => {
  it('exports exactly these names', () => {
    expect(Object.keys(plimsoll).sort()).to.deep.equal([
      ...[
        'BaseError',
        'allAdapters',
        'applyChanges',
        'assembleAttestation',
        'attestationDigest',
        'attestationTypedData',
      ],
      ...[
        'breakdownReport',
        'calculateLadder',
        'calculateMargin',
        'chainSources',
        'changesSchema',
        'decodeAttestation',
      ],
      ...[
        'decodeFlags',
        'defaultCalibration',
        'defaultPostPolicy',
        'defaultUnderlyings',
        'draftAttestation',
        'encodeAttestation',
      ],
      ...['encodeFlags', 'expiresAt', 'explainMargin', 'explanationReport', 'fileHistory', 'fileMarket'],
      ...['formatSnapshot', 'inputsHash', 'keepAccount', 'ladderReport', 'parametersHash', 'parseParameters'],
      ...['parseSnapshot', 'pinBlock', 'portfolioRoot', 'positionsReport', 'postAttestation', 'readAll'],
      ...['readEach', 'readMarket', 'readPostedAttestation', 'readRegistry', 'readSnapshot', 'recompute'],
      ...['runPlans', 'scenarioReport', 'shouldPost', 'signAttestation', 'signerFromKey', 'signerFromKeystore'],
      ...['toAssetKey', 'toRecord', 'verifyAttestation', 'version'],
    ])
  })
})
