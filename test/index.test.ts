import { expect } from 'chai'
import * as plimsoll from '../src/index.ts'

describe('index', () => {
  it('exports exactly these names', () => {
    expect(Object.keys(plimsoll).sort()).to.deep.equal([
      ...['BaseError', 'allAdapters', 'applyChanges', 'assembleAttestation', 'assessVenueAccount', 'attestationDigest'],
      ...[
        'attestationTypedData',
        'backtestModel',
        'backtestReport',
        'bookOf',
        'bookParameters',
        'breakdownReport',
        'calculateLadder',
        'calculateMargin',
      ],
      ...['chainSources', 'changesSchema', 'compareMargins', 'compareReport', 'decodeAttestation', 'decodeFlags'],
      ...[
        'defaultCalibration',
        'defaultParameters',
        'defaultPostPolicy',
        'defaultUnderlyings',
        'draftAttestation',
        'encodeAttestation',
      ],
      ...['encodeFlags', 'expiresAt', 'explainMargin', 'explanationReport', 'fileHistory', 'fileMarket'],
      ...[
        'formatSnapshot',
        'inputsHash',
        'keepAccount',
        'ladderReport',
        'marginOfModel',
        'modelReport',
        'modelScenarioReport',
      ],
      ...['parametersHash', 'parseAnyParameters', 'parseBook', 'parseParameters', 'parseSnapshot', 'parseVenueAccount'],
      ...['pinBlock', 'portfolioRoot', 'positionsReport', 'postAttestation', 'readAll', 'readEach'],
      ...['readMarket', 'readPostedAttestation', 'readRegistry', 'readSnapshot', 'recompute', 'referenceModels'],
      ...['reportCount', 'reportObservations'],
      ...['runPlans', 'scenarioReport', 'shouldPost', 'signAttestation', 'signerFromKey', 'signerFromKeystore'],
      ...['snapshotOf', 'toAssetKey', 'toRecord', 'verifyAttestation', 'version'],
    ])
  })
})
