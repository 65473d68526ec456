/** Version of this package. */
export const version = '0.1.0'

export type { Adapter, AdapterContext, AnyAdapter, VenuePositions } from './adapters/adapter.ts'
export { allAdapters } from './adapters/all.ts'
export {
  type BatchItem,
  buildBatch,
  type Draft,
  decodeBatch,
  encodeBatch,
  type MarginBatch,
} from './attest/batch.ts'
export { type ChangeBounds, type Improvement, improvementBound } from './attest/improvement.ts'
export { signerFromKey, signerFromKeystore } from './attest/keystore.ts'
export {
  type Attestation,
  decodeAttestation,
  decodeFlags,
  encodeAttestation,
  encodeFlags,
  expiresAt,
  type MarginRecord,
} from './attest/record.ts'
export {
  buildRoot,
  decodeLeaf,
  decodeRoot,
  encodeLeaf,
  encodeRoot,
  type Leaf,
  type MarginRoot,
} from './attest/root.ts'
export {
  assembleAttestation,
  assembleBatch,
  assembleRoot,
  type SignerSet,
  signAttestation,
  signBatch,
  signRoot,
} from './attest/sign.ts'
export { toRecord } from './attest/toRecord.ts'
export {
  attestationDigest,
  attestationTypedData,
  batchDigest,
  batchTypedData,
  rootDigest,
  rootTypedData,
  type UnsignedAttestation,
  type UnsignedBatch,
  type UnsignedRoot,
} from './attest/typedData.ts'
export { type Verification, verifyAttestation, verifyBatch, verifyLeaf, verifyRoot } from './attest/verify.ts'
export type { Signatures } from './attest/wire.ts'
export { pinBlock } from './chain/pinBlock.ts'
export { runPlans } from './chain/runPlans.ts'
export { type AssetKey, toAssetKey } from './core/asset.ts'
export { BaseError } from './core/errors.ts'
export type { ExplainedMargin, MarginExplanation } from './core/explanation.ts'
export type { MarginLine, MarginResult } from './core/margin.ts'
export type { Market } from './core/market.ts'
export { type MarginParameters, parametersHash, parseParameters } from './core/parameters.ts'
export type { Portfolio } from './core/portfolio.ts'
export type { Position } from './core/position.ts'
export { type PlannedCall, type ReadPlan, readAll, readEach } from './core/readPlan.ts'
export { formatSnapshot, inputsHash, parseSnapshot, portfolioRoot, type Snapshot } from './core/snapshot.ts'
export { draftAttestation, readSnapshot, recompute } from './engine.ts'
export { keepAccount } from './keeper/keepAccount.ts'
export { defaultPostPolicy, type PostPolicy, shouldPost } from './keeper/policy.ts'
export { fileMarket } from './market/fileMarket.ts'
export { fileHistory } from './market/priceHistory.ts'
export { chainSources, readMarket } from './market/readMarket.ts'
export {
  postAttestation,
  postBatch,
  postLeaf,
  postRoot,
  readImprovement,
  readPostedAttestation,
  readPostedBatch,
  readPostedRoot,
  readRegistry,
} from './registry.ts'
export { explanationReport } from './report/explanationReport.ts'
export { ladderReport } from './report/ladderReport.ts'
export { breakdownReport, positionsReport, scenarioReport } from './report/marginReport.ts'
export { calculateMargin } from './risk/plimsoll/calculateMargin.ts'
export { defaultCalibration, defaultUnderlyings } from './risk/plimsoll/calibration.ts'
export { explainMargin } from './risk/plimsoll/explain/explainMargin.ts'
export { calculateLadder, type Ladder } from './risk/plimsoll/ladder.ts'
export { applyChanges, type Change, changesSchema } from './risk/plimsoll/whatIf.ts'
