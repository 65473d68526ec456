import { shortestValidity } from '../../attest/record.ts'
import type { KeySource } from '../keys/source.ts'
import { defaultPostPolicy, type PostPolicy } from '../policy.ts'
import type { AccountConfig, AlertsConfig, KeeperConfig } from './config.ts'
import type { ConfigIssue } from './issue.ts'
import type { KeeperFile } from './schema.ts'
import { httpUrl, nodeUrl } from './text.ts'

/** How a configuration reaches the files that it names. */
export type ConfigFiles = {
  readonly pathOf: (name: string) => string
  readonly readText: (name: string) => Promise<string>
}

const highestValidityCode = 15
const shortestSecret = 16

/** Fills in defaults and the policy of each account, reads the files of secrets, and makes paths absolute. */
export async function resolveConfig(
  file: KeeperFile,
  { pathOf, readText }: ConfigFiles,
): Promise<{ readonly config: KeeperConfig; readonly issues: readonly ConfigIssue[] }> {
  const issues: ConfigIssue[] = []
  const report = (path: readonly PropertyKey[], message: string) => {
    issues.push({ path, message })
  }
  /** A text or the content of the file that holds it; exactly one is given. */
  const textOf = async (
    path: readonly PropertyKey[],
    field: string,
    given: string | undefined,
    name: string | undefined,
    accepts: (text: string) => boolean,
  ): Promise<string> => {
    if ((given === undefined) === (name === undefined)) {
      report(path, `give either ${field} or ${field}File`)
      return ''
    }
    if (name === undefined) {
      if (!accepts(given ?? '')) report([...path, field], `is no ${field}`)
      return given ?? ''
    }
    const text = await readText(name).catch((cause: NodeJS.ErrnoException) => {
      report([...path, `${field}File`], `the file cannot be read (${cause.code ?? 'error'})`)
    })
    const content = text?.trim() ?? ''
    if (text !== undefined && !accepts(content)) report([...path, `${field}File`], `the file holds no ${field}`)
    return content
  }
  const isNodeUrl = (text: string) => nodeUrl.safeParse(text).success
  const isSecret = (text: string) => text.length >= shortestSecret
  const isBotToken = (text: string) => /^\d+:[\w-]{30,}$/.test(text)
  const isHttpUrl = (text: string) => httpUrl.safeParse(text).success

  const nodeOf = (path: readonly PropertyKey[], node: KeeperFile['rpc']['read'][number]) =>
    typeof node === 'string' ? node : textOf(path, 'url', undefined, node.urlFile, isNodeUrl)
  const alertsOf = async ({
    webhook,
    slack,
    telegram,
  }: KeeperFile['observability']['alerts']): Promise<AlertsConfig> => {
    const path = (kind: string) => ['observability', 'alerts', kind]
    return {
      ...(webhook && {
        webhook: {
          url: await textOf(path('webhook'), 'url', webhook.url, webhook.urlFile, isHttpUrl),
          secret: await textOf(path('webhook'), 'secret', webhook.secret, webhook.secretFile, isSecret),
        },
      }),
      ...(slack && { slack: { url: await textOf(path('slack'), 'url', slack.url, slack.urlFile, isHttpUrl) } }),
      ...(telegram && {
        telegram: {
          token: await textOf(path('telegram'), 'token', telegram.token, telegram.tokenFile, isBotToken),
          chatId: telegram.chatId,
        },
      }),
    }
  }
  const accountOf = ({ address, name, ids, ...own }: KeeperFile['accounts'][number]): AccountConfig => ({
    address,
    ...(name === undefined ? {} : { name }),
    policy: policyOf(file.policy, own),
    ids,
  })

  const { rpc, sending, posting, cosigners, observability } = file
  const { proofs, rank, rootFrom, ...forms } = posting
  const { listen, signed, ...askedAndAsking } = cosigners
  const { privateBlocks = 2 * sending.bumpAfterBlocks, feeFloorGwei, feeCapGwei, dailyCapEth, ...blocks } = sending
  const send = rpc.send === undefined ? undefined : await nodeOf(['rpc', 'send'], rpc.send)
  const config: KeeperConfig = {
    chainId: file.chainId,
    registry: file.registry,
    parameters: pathOf(file.parameters),
    rpc: {
      read: await Promise.all(rpc.read.map((node, index) => nodeOf(['rpc', 'read', index], node))),
      ...(rpc.quorum === undefined ? {} : { quorum: rpc.quorum }),
      ...(rpc.verifyReads === undefined ? {} : { verifyReads: rpc.verifyReads }),
      ...(send === undefined ? {} : { send }),
    },
    signers: file.signers.map((source) => keyOf(source, pathOf)),
    ...(file.payer === undefined ? {} : { payer: keyOf(file.payer, pathOf) }),
    journal: pathOf(file.journal),
    journalKeep: file.journalKeep,
    sending: {
      feeFloor: feeFloorGwei / weiShareOfGwei,
      feeCap: feeCapGwei / weiShareOfGwei,
      dailyCap: dailyCapEth,
      privateBlocks,
      ...blocks,
    },
    validityCode: validityCodeOf(file.policy.validity, (message) => report(['policy', 'validity'], message)),
    recheck: file.policy.recheck,
    posting: {
      ...{ ...forms, proofs: pathOf(proofs) },
      ...(rootFrom === undefined ? {} : { rootFrom }),
      ...(rank === undefined ? {} : { rank }),
    },
    accounts: file.accounts.map(accountOf),
    ...(file.market === undefined ? {} : { market: pathOf(file.market) }),
    ...(file.index === undefined ? {} : { index: pathOf(file.index) }),
    cosigners: {
      ...(listen === undefined ? {} : { listen }),
      ...askedAndAsking,
      signed: pathOf(signed),
    },
    observability: {
      ...(observability.listen === undefined ? {} : { listen: observability.listen }),
      name: observability.name,
      logLevel: observability.logLevel,
      alerts: await alertsOf(observability.alerts),
    },
  }
  return { config, issues }
}

/** A number of gwei as WAD is so many times its wei. */
const weiShareOfGwei = 10n ** 9n

type PolicyFields = Pick<KeeperFile['policy'], 'heartbeat' | 'deviation' | 'boundary'>

function policyOf(all: PolicyFields, own: PolicyFields): PostPolicy {
  const { heartbeat, worseDeviation, betterDeviation, boundary } = defaultPostPolicy
  return {
    heartbeat: own.heartbeat ?? all.heartbeat ?? heartbeat,
    worseDeviation: own.deviation?.worse ?? all.deviation?.worse ?? worseDeviation,
    betterDeviation: own.deviation?.better ?? all.deviation?.better ?? betterDeviation,
    boundary: {
      ratio: own.boundary?.ratio ?? all.boundary?.ratio ?? boundary.ratio,
      deviation: own.boundary?.deviation ?? all.boundary?.deviation ?? boundary.deviation,
    },
  }
}

function validityCodeOf(seconds: number, report: (message: string) => void): number {
  const code = Math.log2(seconds / shortestValidity)
  if (Number.isInteger(code) && code >= 0 && code <= highestValidityCode) return code
  const below = Math.min(Math.max(Math.floor(code), 0), highestValidityCode)
  const near = [below, below + 1].filter((each) => each <= highestValidityCode)
  report(
    `a validity is 15 s times a power of two: ${near.map((each) => `${shortestValidity * 2 ** each}s`).join(' or ')}`,
  )
  return below
}

function keyOf(source: KeySource, pathOf: ConfigFiles['pathOf']): KeySource {
  if ('keystore' in source) return { keystore: pathOf(source.keystore), passwordFile: pathOf(source.passwordFile) }
  return 'keyFile' in source ? { keyFile: pathOf(source.keyFile) } : source
}
