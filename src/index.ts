/** Version of this package. */
export const version = '0.1.0'

export type { Adapter, AdapterContext, AnyAdapter, Discovery, VenuePositions } from './adapters/adapter.ts'
export { allAdapters } from './adapters/all.ts'
export {
  type BatchItem,
  buildBatch,
  type Draft,
  decodeBatch,
  encodeBatch,
  type MarginBatch,
} from './attest/batch.ts'
export { attestationDigest, batchDigest, rootDigest } from './attest/digest.ts'
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
  attestationTypedData,
  batchTypedData,
  rootTypedData,
  type UnsignedAttestation,
  type UnsignedBatch,
  type UnsignedRoot,
} from './attest/typedData.ts'
export { type Verification, verifyAttestation, verifyBatch, verifyLeaf, verifyRoot } from './attest/verify.ts'
export type { Signatures } from './attest/wire.ts'
export { type Backtest, type BacktestOptions, backtestModel, marginOfModel } from './backtest.ts'
export type { EndpointHealth, EndpointStatus } from './chain/coherentEndpoint.ts'
export {
  type CoherentHealth,
  type CoherentTransport,
  type CoherentTransportOptions,
  coherentTransport,
  type NamedEndpoint,
} from './chain/coherentTransport.ts'
export { pinBlock } from './chain/pinBlock.ts'
export { runPlans } from './chain/runPlans.ts'
export { type AssetKey, toAssetKey } from './core/asset.ts'
export { type Book, type BookMarket, type BookPortfolio, type BookPosition, parseBook } from './core/book.ts'
export { BaseError } from './core/errors.ts'
export type { ExplainedMargin, MarginExplanation } from './core/explanation.ts'
export {
  formatLogIndex,
  type LogIndex,
  type LogIndexEntry,
  type LogIndexStore,
  memoryLogIndex,
  parseLogIndex,
} from './core/logIndex.ts'
export type { FoundLog, LogFilter } from './core/logs.ts'
export type { MarginLine, MarginResult } from './core/margin.ts'
export type { Market } from './core/market.ts'
export { type MarginParameters, parametersHash, parseParameters } from './core/parameters.ts'
export type { Portfolio } from './core/portfolio.ts'
export type { Position } from './core/position.ts'
export {
  type Attempt,
  attempt,
  type PlannedCall,
  type ReadPlan,
  readAll,
  readEach,
  readTogether,
} from './core/readPlan.ts'
export { formatSnapshot, inputsHash, parseSnapshot, portfolioRoot, type Snapshot } from './core/snapshot.ts'
export type { DiscoveryOptions } from './discovery.ts'
export { draftAttestation, readSnapshot, recompute } from './engine.ts'
export type { KeeperConfig } from './keeper/config/config.ts'
export { loadKeeperConfig, parseKeeperConfig } from './keeper/config/file.ts'
export { maskConfig } from './keeper/config/mask.ts'
export type { Cosigner } from './keeper/cosign/ask.ts'
export {
  type CollectOptions,
  type CollectSignatures,
  collectSignatures,
  QuorumMissingError,
} from './keeper/cosign/collect.ts'
export { type CosignPolicy, createJudge, defaultCosignPolicy, type JudgeOptions } from './keeper/cosign/judge.ts'
export { type Proposal, signProposal } from './keeper/cosign/proposal.ts'
export { type CosignServer, type CosignServerOptions, startCosignServer } from './keeper/cosign/server.ts'
export { openSignedRecords, type SignedRecords } from './keeper/cosign/signedRecords.ts'
export type { KeptAccount } from './keeper/evaluate.ts'
export type { KeeperEvent, KeeperObserver } from './keeper/events.ts'
export { defaultFormPolicy, type FormPolicy } from './keeper/forms.ts'
export { createKeeper, type Keeper, type KeeperOptions, type Sending } from './keeper/keeper.ts'
export { openKey } from './keeper/keys/openKeys.ts'
export type { KeySource } from './keeper/keys/source.ts'
export { type RunKeeperOptions, runKeeper } from './keeper/loop.ts'
export type { AlertBounds } from './keeper/observe/alertConditions.ts'
export { type Alert, type AlertSink, type AlertSinkSettings, alertSinks } from './keeper/observe/alertSinks.ts'
export { endpointEvents } from './keeper/observe/endpointEvents.ts'
export type { HealthBounds } from './keeper/observe/health.ts'
export { createKeeperLog, type KeeperLog, type LogLevel } from './keeper/observe/log.ts'
export { type KeeperWatch, type WatchKeeperOptions, watchKeeper } from './keeper/observe/watchKeeper.ts'
export { opsFiles } from './keeper/ops/files.ts'
export { defaultPostPolicy, explainPost, type PostExplanation, type PostPolicy, shouldPost } from './keeper/policy.ts'
export { defaultRecheckPolicy, type RecheckPolicy } from './keeper/recheck.ts'
export { fileRootStore, type PublishedRoot, type RootStore } from './keeper/roots.ts'
export type { FeePolicy } from './keeper/sending/fees.ts'
export { type Journal, openJournal, type Post } from './keeper/sending/journal.ts'
export {
  createSender,
  type Sender,
  type SenderEvent,
  type SendOutcome,
  type SendPolicy,
} from './keeper/sending/sender.ts'
export type { TurnPolicy } from './keeper/turn.ts'
export {
  type AnyParameters,
  type CalculateMarginOptions,
  type ComparedMargin,
  calculateMargin,
  compareMargins,
  defaultParameters,
  type MarginHoldings,
  parseAnyParameters,
} from './margin.ts'
export { fileMarket } from './market/fileMarket.ts'
export { fileHistory } from './market/priceHistory.ts'
export { chainSources, readMarket } from './market/readMarket.ts'
export type {
  MarketSources,
  PriceHistorySource,
  PriceSample,
  PriceSource,
  RateSource,
  VolatilitySource,
} from './market/source.ts'
export { findNetwork, type Network, networkParameters, networks } from './networkParameters.ts'
export { type AccountReading, readSnapshots, type SnapshotsReading } from './readSnapshots.ts'
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
export { backtestReport } from './report/backtestReport.ts'
export { compareReport } from './report/compareReport.ts'
export { type DecodedMessage, decodeMessage } from './report/decodeMessage.ts'
export { explanationReport } from './report/explanationReport.ts'
export { ladderReport } from './report/ladderReport.ts'
export { breakdownReport, positionsReport, scenarioReport } from './report/marginReport.ts'
export { messageReport } from './report/messageReport.ts'
export { modelReport, modelScenarioReport } from './report/modelReport.ts'
export { rereadSnapshots } from './rereadSnapshots.ts'
export { referenceModels } from './risk/models/all.ts'
export { bookOf, type ConvertedBook } from './risk/models/bookOf.ts'
export type { ModelId, ModelMargin, ModelParameters, ReferenceModel } from './risk/models/model.ts'
export { snapshotOf } from './risk/models/snapshotOf.ts'
export { assessVenueAccount, parseVenueAccount, type VenueAccountInput } from './risk/models/venueRules/venueAccount.ts'
export { bookParameters } from './risk/plimsoll/bookParameters.ts'
export { defaultCalibration, defaultUnderlyings } from './risk/plimsoll/calibration.ts'
export { explainMargin } from './risk/plimsoll/explain/explainMargin.ts'
export { calculateLadder, type Ladder } from './risk/plimsoll/ladder.ts'
export { applyChanges, type Change, changesSchema } from './risk/plimsoll/whatIf.ts'
export {
  type CountReport,
  reportCount,
  reportObservations,
  type SeriesReport,
} from './risk/validation/exceptionReport.ts'
