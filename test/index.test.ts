import { expect } from 'chai'
import * as plimsoll from '../src/index.ts'

const names = `
  BaseError QuorumMissingError alertSinks allAdapters applyChanges assembleAttestation assembleBatch
  assembleRoot assessVenueAccount attempt attestationDigest attestationTypedData backtestModel backtestReport
  batchDigest batchTypedData bookOf bookParameters breakdownReport buildBatch buildRoot calculateLadder
  calculateMargin chainSources changesSchema coherentTransport collectSignatures compareMargins compareReport
  createJudge createKeeper createKeeperLog createSender decodeAttestation decodeBatch decodeFlags decodeLeaf
  decodeMessage decodeRoot defaultCalibration defaultCosignPolicy defaultFormPolicy defaultParameters
  defaultPostPolicy defaultRecheckPolicy defaultUnderlyings draftAttestation encodeAttestation encodeBatch
  encodeFlags encodeLeaf encodeRoot endpointEvents expiresAt explainMargin explainPost explanationReport
  fileHistory fileMarket fileRootStore findNetwork formatLogIndex formatSnapshot improvementBound inputsHash
  ladderReport loadKeeperConfig marginOfModel maskConfig memoryLogIndex messageReport modelReport
  modelScenarioReport networkParameters networks openJournal openKey openSignedRecords opsFiles parametersHash
  parseAnyParameters parseBook parseKeeperConfig parseLogIndex parseParameters parseSnapshot parseVenueAccount
  pinBlock portfolioRoot positionsReport postAttestation postBatch postLeaf postRoot readAll readEach
  readImprovement readMarket readPostedAttestation readPostedBatch readPostedRoot readRegistry readSnapshot
  readSnapshots readTogether recompute referenceModels reportCount reportObservations rereadSnapshots rootDigest
  rootTypedData runKeeper runPlans scenarioReport shouldPost signAttestation signBatch signProposal signRoot
  signerFromKey signerFromKeystore snapshotOf startCosignServer toAssetKey toRecord verifyAttestation
  verifyBatch verifyLeaf verifyRoot version watchKeeper
`

describe('index', () => {
  it('exports exactly these names', () => {
    expect(Object.keys(plimsoll).sort()).to.deep.equal(names.trim().split(/\s+/))
  })
})
