import type { Command } from 'commander'
import { type Client, getAddress, isAddress, isAddressEqual } from 'viem'
import type { Secrets } from '../../../src/chain/secrets.ts'
import { secretsOfUrls } from '../../../src/chain/secrets.ts'
import { InvalidInputError } from '../../../src/core/errors.ts'
import { type LogIndexStore, memoryLogIndex } from '../../../src/core/logIndex.ts'
import type { MarginParameters } from '../../../src/core/parameters.ts'
import { wad } from '../../../src/core/units.ts'
import type { AccountConfig, KeeperConfig } from '../../../src/keeper/config/config.ts'
import { loadKeeperConfig } from '../../../src/keeper/config/file.ts'
import { ConfigError } from '../../../src/keeper/config/issue.ts'
import { defaultFormPolicy } from '../../../src/keeper/forms.ts'
import type { KeeperOptions } from '../../../src/keeper/keeper.ts'
import { defaultRecheckPolicy } from '../../../src/keeper/recheck.ts'
import { fileRootStore } from '../../../src/keeper/roots.ts'
import type { SendPolicy } from '../../../src/keeper/sending/sender.ts'
import { connect, discoveryOf, sourcesOf, UsageError } from '../context.ts'
import { loadParameterSet } from '../parameterFile.ts'
import type { SenderSettings } from '../sending.ts'

/** Where a keeper's commands look for their configuration. */
export const defaultConfigFile = 'keeper.yaml'

/** Adds `--config`. */
export function withConfigOption(command: Command): Command {
  return command.option('--config <file>', 'configuration of the keeper', defaultConfigFile)
}

/**
 * Two places that say one thing would have to agree: beside `--config` only some options and no arguments may stand.
 *
 * @throws {UsageError} naming the others.
 */
export function refuseBesideConfig(command: Command, allowed: ReadonlySet<string>): void {
  const given = Object.keys(command.opts()).filter(
    (name) => !allowed.has(name) && command.getOptionValueSource(name) === 'cli',
  )
  if (command.args.length === 0 && given.length === 0) return
  const what = command.args.length > 0 ? 'accounts' : given.join(', ')
  throw new UsageError(`With --config, ${what} can only be given in the file.`)
}

/** A configuration with what belongs to it, and a client for its nodes. */
export type Configured = {
  readonly file: string
  readonly config: KeeperConfig
  readonly parameters: MarginParameters
  readonly client: Client
  /** Texts that nothing may show. */
  readonly secrets: Secrets
}

/**
 * Reads a configuration and the parameter set that it names.
 *
 * @throws {ConfigError | InvalidInputError} when one of them cannot be used, or they are of different chains.
 */
export async function openConfigured(file: string): Promise<Configured> {
  const config = await loadKeeperConfig(file)
  const parameters = await loadParameterSet(config.parameters)
  if (parameters.chainId !== config.chainId) {
    throw new ConfigError(
      `The parameter set ${parameters.name} is for chain ${parameters.chainId}, not ${config.chainId}.`,
      {
        metaMessages: [`Correct parameters or chainId in ${file}.`],
      },
    )
  }
  return { file, config, parameters, client: connectOf(config), secrets: secretsOf(config) }
}

/** A client for the nodes of the reads. */
function connectOf({ rpc, chainId }: Pick<KeeperConfig, 'rpc' | 'chainId'>): Client {
  const { read, quorum, verifyReads } = rpc
  return connect(
    read,
    {
      ...(quorum === undefined ? {} : { quorum: `${quorum}` }),
      ...(verifyReads === undefined ? {} : { verifyReads: `${verifyReads}` }),
    },
    chainId,
  )
}

/** What a keeper is made of, but for keys, journal and observer. */
export function keeperOptionsOf({
  config,
  parameters,
  client,
}: Configured): Omit<KeeperOptions, 'sending' | 'observe' | 'turn'> {
  const { chainId, registry, accounts, validityCode, recheck, posting } = config
  const { proofs, rank: _, turn: __, ...forms } = posting
  const ids = new Map(accounts.map((account) => [account.address, account.ids]))
  return {
    client,
    deployment: { chainId, registry, parameters },
    accounts: accounts.map(({ address, policy }) => ({ account: address, policy })),
    validityCode,
    forms: { ...defaultFormPolicy, ...forms },
    recheck: { ...defaultRecheckPolicy, seconds: recheck },
    rideAlong: wad / 2n,
    index: indexOf(config),
    idsOf: (account) => ids.get(account) ?? {},
    loadSources: () => sourcesOf(config.market === undefined ? {} : { market: config.market }),
    roots: fileRootStore(proofs),
  }
}

/** Without a file what was found lasts as long as the process. */
export function indexOf({ index }: KeeperConfig): LogIndexStore {
  return discoveryOf(index === undefined ? {} : { index }).index ?? memoryLogIndex()
}

/** Journal, nodes and spending of the payer of a configuration. */
export function senderSettingsOf(config: KeeperConfig): SenderSettings {
  return { journal: config.journal, sendRpc: config.rpc.send, policy: sendPolicyOf(config) }
}

/** How the payer of a configuration spends. */
function sendPolicyOf({ sending }: Pick<KeeperConfig, 'sending'>): SendPolicy {
  const { feeFloor, feeCap, dailyCap, bumpAfterBlocks, privateBlocks, confirmations } = sending
  return {
    fees: { floor: feeFloor, cap: feeCap, bumpPerMille: 125n },
    dailyCap,
    bumpAfterBlocks: BigInt(bumpAfterBlocks),
    privateBlocks: BigInt(privateBlocks),
    confirmations: BigInt(confirmations),
  }
}

/**
 * An account of the configuration by its name or address.
 *
 * @throws {InvalidInputError} listing the names.
 */
export function accountOf({ accounts }: KeeperConfig, text: string): AccountConfig {
  const address = isAddress(text, { strict: false }) ? getAddress(text.toLowerCase()) : undefined
  const found = accounts.find((account) =>
    address === undefined ? account.name === text : isAddressEqual(account.address, address),
  )
  if (found) return found
  throw new InvalidInputError(`${text} is no account of the configuration.`, {
    metaMessages: [`Accounts: ${accounts.map(({ name, address: own }) => name ?? own).join(', ')}.`],
  })
}

function secretsOf({ rpc, cosigners, observability: { alerts } }: KeeperConfig): Secrets {
  const urls = [
    ...rpc.read,
    ...(rpc.send === undefined ? [] : [rpc.send]),
    ...cosigners.peers.map(({ url }) => url),
    ...[alerts.webhook?.url, alerts.slack?.url].filter((url) => url !== undefined),
  ]
  const tokens = [alerts.webhook?.secret, alerts.telegram?.token].filter((token) => token !== undefined)
  return [...secretsOfUrls(urls), ...tokens]
}
