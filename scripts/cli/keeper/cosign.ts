import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Command } from 'commander'
import type { Address, LocalAccount } from 'viem'
import { toJson } from '../../../src/core/canonical.ts'
import { InvalidInputError } from '../../../src/core/errors.ts'
import { memoryLogIndex } from '../../../src/core/logIndex.ts'
import { createJudge, defaultCosignPolicy, type JudgeOptions } from '../../../src/keeper/cosign/judge.ts'
import { startCosignServer } from '../../../src/keeper/cosign/server.ts'
import { openSignedRecords } from '../../../src/keeper/cosign/signedRecords.ts'
import { openKeys } from '../../../src/keeper/keys/openKeys.ts'
import {
  type ChainOptions,
  collect,
  type DiscoveryOption,
  discoveryOf,
  type MarketOption,
  openChain,
  sourcesOf,
  toAccount,
  toInteger,
  UsageError,
  withChainOptions,
  withDiscoveryOption,
  withMarketOption,
} from '../context.ts'
import { say } from '../output.ts'
import { loadSigners, type SignerOptions, withSignerOptions } from '../signers.ts'
import { keeperOptionsOf, openConfigured, refuseBesideConfig } from './configured.ts'
import { toListenAddress, toProposer } from './cosigners.ts'

type Options = ChainOptions &
  MarketOption &
  DiscoveryOption &
  SignerOptions & {
    readonly config?: string
    readonly anyAccount?: boolean
    readonly listen: string
    readonly proposer?: readonly string[]
    readonly validity: string
    readonly maximumAge: string
    readonly signed: string
  }

export const keeperCosignCommand = withSignerOptions(
  withDiscoveryOption(withMarketOption(withChainOptions(new Command('cosign')))),
)
  .description('sign what other keepers propose, after computing it from own nodes; runs until it is told to stop')
  .argument('[accounts...]', 'accounts to sign for: addresses, or names in the deployment')
  .option('--config <file>', 'keeper.yaml that says everything, in place of arguments and options')
  .option('--any-account', 'sign for every account')
  .option('--listen <host:port>', 'where proposers ask; port 0 for a free one', '127.0.0.1:9466')
  .option(
    '--proposer <name=address>',
    'keeper that may ask, by the address that it signs with (repeat for more)',
    collect,
  )
  .option(
    '--validity <code>',
    'longest validity to sign for, 15 s times 2 to this power',
    `${defaultCosignPolicy.validityCode}`,
  )
  .option('--maximum-age <seconds>', 'oldest block to sign for', `${defaultCosignPolicy.maximumAge}`)
  .option('--signed <file>', 'SQLite file with what the key has signed', '.plimsoll/signed.db')
  .action(async (names: string[], options: Options, command: Command) => {
    if (options.config === undefined) return serve(await fromOptions(names, options))
    refuseBesideConfig(command, new Set(['config']))
    return serve(await fromConfig(options.config))
  })

type Serving = Omit<JudgeOptions, 'signer' | 'signed'> & {
  readonly signers: readonly LocalAccount[]
  readonly proposers: ReadonlyMap<Address, string>
  readonly listen: { readonly host: string; readonly port: number }
  readonly signedFile: string
}

async function fromOptions(names: readonly string[], options: Options): Promise<Serving> {
  const { deployment, client } = await openChain(options)
  const { chainId, registry, parameters } = deployment
  // Without a file what was found lasts as long as the process.
  const { index = memoryLogIndex(), ids } = discoveryOf(options)
  const accounts = names.map((name) => toAccount(name, deployment))
  if ((options.anyAccount === true) === accounts.length > 0) {
    throw new UsageError('Name the accounts to sign for, or give --any-account; not both.')
  }
  return {
    ...{ client, parameters, domain: { chainId, registry }, index, idsOf: () => ids },
    signers: await loadSigners(options, deployment),
    proposers: new Map((options.proposer ?? []).map(toProposer)),
    listen: toListenAddress(options.listen),
    signedFile: options.signed,
    sources: () => sourcesOf(options),
    policy: {
      ...defaultCosignPolicy,
      accounts: options.anyAccount ? 'any' : accounts,
      validityCode: toInteger(options.validity, '--validity'),
      maximumAge: toInteger(options.maximumAge, '--maximum-age'),
    },
  }
}

async function fromConfig(file: string): Promise<Serving> {
  const configured = await openConfigured(file)
  const { config } = configured
  const { listen, proposers, maximumAge, signed } = config.cosigners
  if (listen === undefined) throw new InvalidInputError(`${file} does not say where to listen: cosigners.listen.`)
  const { client, deployment, index, idsOf, loadSources, accounts, validityCode } = keeperOptionsOf(configured)
  const { parameters, ...domain } = deployment
  return {
    ...{ client, parameters, domain, index, ...(idsOf && { idsOf }), sources: loadSources },
    signers: (await openKeys({ signers: config.signers }, { env: process.env, warn: say })).signers,
    proposers: new Map(proposers.map(({ name, signer }) => [signer, name])),
    listen,
    signedFile: signed,
    policy: {
      ...defaultCosignPolicy,
      ...{ accounts: accounts.map(({ account }) => account), validityCode, maximumAge },
    },
  }
}

async function serve({ signers, proposers, listen, signedFile, ...judging }: Serving): Promise<void> {
  const [signer, ...others] = signers
  if (signer === undefined || others.length > 0) throw new UsageError('A co-signer signs with one key; give one.')
  if (proposers.size === 0) {
    throw new InvalidInputError('Nobody may ask this co-signer.', {
      metaMessages: ['Give --proposer <name>=<address>, or cosigners.proposers, for every keeper that may.'],
    })
  }
  await mkdir(dirname(signedFile), { recursive: true })
  const signed = openSignedRecords(signedFile)
  const judge = createJudge({ ...judging, signer, signed })
  const stopped = interruption()
  try {
    const about = { domain: judging.domain, cosigner: signer.address, proposers }
    const server = await startCosignServer({ ...about, judge, observer: log, ...listen })
    log({ event: 'listening', host: server.host, port: server.port, cosigner: signer.address })
    await stopped
    await server.close()
    log({ event: 'stopped' })
  } finally {
    signed.close()
  }
}

function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}

/** One line of JSON. */
function log(event: object): void {
  console.log(JSON.stringify(toJson(event)))
}
