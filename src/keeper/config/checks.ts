import { isAddressEqual } from 'viem'
import { shortestValidity } from '../../attest/record.ts'
import { min } from '../../kernel/fixedPoint.ts'
import { expectedAddress, type KeySource } from '../keys/source.ts'
import { shortestJournalKeep } from '../sending/pruneDaily.ts'
import type { KeeperConfig } from './config.ts'
import type { ConfigIssue } from './issue.ts'

/** What fields must be to one another. */
export function checkConfig(config: KeeperConfig): readonly ConfigIssue[] {
  return [
    ...checkNodes(config),
    ...checkKeys(config),
    ...checkSending(config),
    ...checkAccounts(config),
    ...checkPeers(config),
  ]
}

function checkNodes({ rpc }: KeeperConfig): readonly ConfigIssue[] {
  const most = rpc.read.length
  return (['quorum', 'verifyReads'] as const).flatMap((field) =>
    (rpc[field] ?? 1) > most
      ? [{ path: ['rpc', field], message: `is more than the nodes under rpc.read, of which there are ${most}` }]
      : [],
  )
}

/** Two keys, two roles: who reaches the payer, which is online all day, must not be able to sign a margin. */
function checkKeys({ signers, payer }: KeeperConfig): readonly ConfigIssue[] {
  return [
    ...repeated(signers, isSameKey).map((index) => ({
      path: ['signers', index],
      message: 'is the key of another signer; each signs once',
    })),
    ...(payer && signers.some((signer) => isSameKey(signer, payer))
      ? [{ path: ['payer'], message: 'is the key of a signer; pay with a key of its own' }]
      : []),
  ]
}

function checkSending({
  sending,
  journalKeep,
  posting,
  cosigners,
  observability,
}: KeeperConfig): readonly ConfigIssue[] {
  const { feeFloor, feeCap, dailyCap } = sending
  const [one, two] = [cosigners.listen, observability.listen]
  return [
    ...(journalKeep < shortestJournalKeep ? [{ path: ['journalKeep'], message: 'must be 7 days at least' }] : []),
    ...(feeCap < feeFloor ? [{ path: ['sending', 'feeCapGwei'], message: 'is below feeFloorGwei; raise it' }] : []),
    ...(dailyCap === 0n ? [{ path: ['sending', 'dailyCapEth'], message: 'is nothing; a keeper could not post' }] : []),
    ...(posting.rootFrom !== undefined && posting.rootFrom < posting.batchFrom
      ? [{ path: ['posting', 'rootFrom'], message: 'is below batchFrom; raise it' }]
      : []),
    ...(one && two && one.port !== 0 && one.port === two.port
      ? [{ path: ['observability', 'listen'], message: 'takes the port of cosigners.listen; choose another' }]
      : []),
  ]
}

function checkAccounts({ accounts, validityCode }: KeeperConfig): readonly ConfigIssue[] {
  const issues = accounts.flatMap(({ policy }, index): readonly ConfigIssue[] => {
    const { heartbeat, worseDeviation, betterDeviation, boundary } = policy
    const longest = (shortestValidity * 2 ** validityCode) / 2
    return [
      ...(heartbeat === 0 || heartbeat > longest
        ? [
            {
              path: ['accounts', index, 'heartbeat'],
              message: `is ${heartbeat} s; it must be from 1 s to ${longest} s, half of the validity of ${2 * longest} s`,
            },
          ]
        : []),
      ...(boundary.deviation > min(worseDeviation, betterDeviation)
        ? [
            {
              path: ['accounts', index, 'boundary', 'deviation'],
              message:
                'is wider than deviation.worse or deviation.better, so that it would do nothing; make it smaller',
            },
          ]
        : []),
    ]
  })
  const twice = repeated(accounts, (one, two) => isAddressEqual(one.address, two.address))
  const named = repeated(accounts, (one, two) => one.name !== undefined && one.name === two.name)
  return [
    ...issues,
    ...twice.map((index) => ({ path: ['accounts', index, 'address'], message: 'is listed twice; leave one out' })),
    ...named.map((index) => ({ path: ['accounts', index, 'name'], message: 'is the name of another account' })),
  ]
}

/** Older blocks no registry takes, and what was signed for them is forgotten. */
const longestAge = 86_400

function checkPeers({
  cosigners: { peers, proposers, listen, timeout, maximumAge, signed },
  posting,
  journal,
  signers,
}: KeeperConfig): readonly ConfigIssue[] {
  const isOneOfMany = peers.length > 0 || (posting.rank ?? 0) > 0
  const path = ['cosigners', 'peers']
  const own = signers.flatMap((source) => expectedAddress(source) ?? [])
  return [
    ...(timeout === 0 ? [{ path: ['cosigners', 'timeout'], message: 'is nothing; give peers a second at least' }] : []),
    ...(listen !== undefined && proposers.length === 0
      ? [{ path: ['cosigners', 'proposers'], message: 'is empty, so that nobody may ask; name the keepers that may' }]
      : []),
    ...(maximumAge === 0 || maximumAge > longestAge
      ? [{ path: ['cosigners', 'maximumAge'], message: 'must be from 1 s to 1 day' }]
      : []),
    ...(signed === journal
      ? [{ path: ['cosigners', 'signed'], message: 'is the file of the journal; name another' }]
      : []),
    ...(isOneOfMany && posting.turn === 0
      ? [{ path: ['posting', 'turn'], message: 'is nothing, so that several keepers would pay for each post' }]
      : []),
    ...repeated(proposers, (one, two) => one.name === two.name || isAddressEqual(one.signer, two.signer)).map(
      (index) => ({ path: ['cosigners', 'proposers', index], message: 'has the name or the signer of another one' }),
    ),
    ...peers.flatMap(({ url }, index) => {
      const { username, password } = new URL(url)
      const message = 'holds a user or password, which no client sends'
      return username === '' && password === '' ? [] : [{ path: [...path, index, 'url'], message }]
    }),
    ...repeated(peers, (one, two) => one.name === two.name).map((index) => ({
      path: [...path, index, 'name'],
      message: 'is the name of another peer',
    })),
    ...repeated(peers, (one, two) => isAddressEqual(one.signer, two.signer)).map((index) => ({
      path: [...path, index, 'signer'],
      message: 'is the signer of another peer; each signs once',
    })),
    ...peers.flatMap(({ signer }, index) =>
      own.some((address) => isAddressEqual(address, signer))
        ? [{ path: [...path, index, 'signer'], message: 'is a signer of this keeper' }]
        : [],
    ),
  ]
}

function isSameKey(one: KeySource, two: KeySource): boolean {
  const [first, second] = [expectedAddress(one), expectedAddress(two)]
  if (first && second && isAddressEqual(first, second)) return true
  return locationOf(one) === locationOf(two)
}

function locationOf(source: KeySource): string {
  if ('keystore' in source) return `file ${source.keystore}`
  if ('keyFile' in source) return `file ${source.keyFile}`
  if ('env' in source) return `env ${source.env}`
  return 'awsKms' in source ? `aws ${source.awsKms.keyId}` : `gcp ${source.gcpKms.keyVersion}`
}

/** Positions of items that are like an earlier one. */
function repeated<Item>(items: readonly Item[], isLike: (one: Item, two: Item) => boolean): readonly number[] {
  return items.flatMap((item, index) => (items.slice(0, index).some((other) => isLike(other, item)) ? [index] : []))
}
