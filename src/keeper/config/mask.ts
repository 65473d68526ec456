import { formatUnits } from 'viem'
import { shortestValidity } from '../../attest/record.ts'
import type { Wad } from '../../core/units.ts'
import type { KeySource } from '../keys/source.ts'
import type { PostPolicy } from '../policy.ts'
import type { AlertsConfig, KeeperConfig, ListenAddress } from './config.ts'

/** What stands in the place of a secret. */
const hidden = '***'

/** A configuration with all defaults, in the spelling of keeper.yaml, without its secrets. */
export function maskConfig(config: KeeperConfig): Readonly<Record<string, unknown>> {
  const { chainId, registry, parameters, market, index, rpc, sending, cosigners, observability } = config
  const { feeFloor, feeCap, dailyCap, ...blocks } = sending
  const { listen, peers, timeout, proposers, maximumAge, signed } = cosigners
  return {
    chainId,
    registry,
    parameters,
    ...(market === undefined ? {} : { market }),
    ...(index === undefined ? {} : { index }),
    rpc: { ...rpc, read: rpc.read.map(maskUrl), ...(rpc.send === undefined ? {} : { send: maskUrl(rpc.send) }) },
    signers: config.signers.map(maskKey),
    ...(config.payer === undefined ? {} : { payer: maskKey(config.payer) }),
    journal: config.journal,
    journalKeep: formatDuration(config.journalKeep),
    sending: {
      feeFloorGwei: formatUnits(feeFloor, 9),
      feeCapGwei: formatUnits(feeCap, 9),
      dailyCapEth: formatUnits(dailyCap, 18),
      ...blocks,
    },
    posting: config.posting,
    policy: {
      validity: formatDuration(shortestValidity * 2 ** config.validityCode),
      recheck: formatDuration(config.recheck),
    },
    accounts: config.accounts.map(({ policy, ...account }) => ({ ...account, ...formatPolicy(policy) })),
    cosigners: {
      peers: peers.map((peer) => ({ ...peer, url: maskUrl(peer.url) })),
      timeout: formatDuration(timeout),
      ...formatListen(listen),
      proposers,
      maximumAge: formatDuration(maximumAge),
      signed,
    },
    observability: {
      ...formatListen(observability.listen),
      name: observability.name,
      logLevel: observability.logLevel,
      alerts: maskAlerts(observability.alerts),
    },
  }
}

/** Scheme and registrable name of a host; what stands before that name or behind it can be a key. */
function maskUrl(text: string): string {
  const { protocol, hostname, port, pathname, search, username } = new URL(text)
  const isAddress = /^[\d.]+$|^\[/.test(hostname)
  const labels = hostname.split('.')
  const host = isAddress || labels.length < 3 ? hostname : `${hidden}.${labels.slice(-2).join('.')}`
  const rest = pathname.length > 1 || search !== '' ? `/${hidden}` : ''
  return `${protocol}//${username === '' ? '' : `${hidden}@`}${host}${port === '' ? '' : `:${port}`}${rest}`
}

function maskKey(source: KeySource): KeySource {
  if (!('awsKms' in source) || source.awsKms.endpoint === undefined) return source
  return { awsKms: { ...source.awsKms, endpoint: maskUrl(source.awsKms.endpoint) } }
}

function maskAlerts({ webhook, slack, telegram }: AlertsConfig): Readonly<Record<string, unknown>> {
  return {
    ...(webhook && { webhook: { url: maskUrl(webhook.url), secret: hidden } }),
    ...(slack && { slack: { url: maskUrl(slack.url) } }),
    ...(telegram && { telegram: { token: hidden, chatId: telegram.chatId } }),
  }
}

function formatPolicy({ heartbeat, worseDeviation, betterDeviation, boundary }: PostPolicy) {
  return {
    heartbeat: formatDuration(heartbeat),
    deviation: { worse: formatPercent(worseDeviation), better: formatPercent(betterDeviation) },
    boundary: { ratio: formatUnits(boundary.ratio, 18), deviation: formatPercent(boundary.deviation) },
  }
}

/** A WAD fraction as `0.5%`. */
export function formatPercent(fraction: Wad): string {
  return `${formatUnits(fraction, 16)}%`
}

/** Seconds in the largest unit that leaves no rest. */
function formatDuration(seconds: number): string {
  if (seconds >= 172_800 && seconds % 86_400 === 0) return `${seconds / 86_400}d`
  if (seconds > 0 && seconds % 3600 === 0) return `${seconds / 3600}h`
  return seconds > 0 && seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`
}

function formatListen(listen: ListenAddress | undefined) {
  if (listen === undefined) return {}
  const { host, port } = listen
  return { listen: `${host.includes(':') ? `[${host}]` : host}:${port}` }
}
