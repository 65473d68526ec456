import type { Secrets } from './secrets.ts'

/** A secret that is shorter counts as a whole word only, so that it does not tear up other words. */
const shortest = 8

/** What a URL or the way to a node looks like when nothing is known of it. */
const locations: readonly RegExp[] = [
  /\b(?!file:)[a-z][a-z0-9+.-]*:\/\/\S+/gi,
  /\b[a-z][a-z0-9+.-]*%3a(%2f){2}\S*/gi,
  /\S*:\S*@\S+/g,
]

/** The same without a scheme, which prose of our own may look like. */
const bareLocations: readonly RegExp[] = [
  /\[(?=[^\]\s]*:[^\]\s]*:)[\da-f:.%]+\]\S*/gi,
  /\b[\w.-]+:\d{2,5}\b\S*/g,
  /\b[\w-]+(\.[\w-]+)+\/\S*/g,
  /\b([\w-]+\.){2,}[a-z]{2,}\b/gi,
  /(?<=\b(ENOTFOUND|EAI_AGAIN)\s)\S+/g,
]

const credentials =
  /\b((?:proxy-)?authorization|(?:x-)?api[-_]?key|access[-_]?token|token|password|secret)(["']?\s*[:=]\s*["']?)(?:(?:bearer|basic)\s+)?[^\s"',}]+/gi
const schemes = /\b(bearer|basic)\s+[\w+/=.~-]+/gi

/** Our own text without the secrets and without URLs; anything else stays. */
export function redactUrls(text: string, secrets: Secrets = []): string {
  return hide(replace(text, locations, '<url>'), secrets)
}

/** Text without what stands in the place of a key in headers and settings. */
export function redactCredentials(text: string): string {
  return text.replaceAll(credentials, '$1$2<redacted>').replaceAll(schemes, '$1 <redacted>')
}

/** The text of somebody else, as {@link redactWhole} shows it, in at most 200 characters. */
export function redact(text: string, secrets: Secrets = []): string {
  return redactWhole(text, secrets).slice(0, 200)
}

/**
 * Text without the secrets, URLs, hosts, query strings, credentials and anything long enough to be a key. Addresses, hashes,
 * names of JSON-RPC methods and of errors stay, unless they are a secret.
 */
export function redactWhole(text: string, secrets: Secrets = []): string {
  return replace(redactCredentials(redactUrls(text, secrets)), bareLocations, '<url>')
    .replaceAll(/\?\S*=\S*/g, '<query>')
    .replaceAll(/[\w+/=-]{20,}/g, (word) => (isHarmless(word) ? word : '<redacted>'))
}

function isHarmless(word: string): boolean {
  return (
    /^0x([\da-f]{40}|[\da-f]{64})$/i.test(word) ||
    /^(anvil|debug|eth|evm|hardhat|net|web3)_[a-z]+$/i.test(word) ||
    /^([A-Z][a-z]+)+Error$/.test(word)
  )
}

function hide(text: string, secrets: Secrets): string {
  return secrets.reduce((shown, secret) => {
    const literal = secret.replaceAll(/[^\w]/g, '\\$&')
    const pattern = secret.length < shortest ? `(?<![a-z0-9])${literal}(?![a-z0-9])` : literal
    return shown.replaceAll(new RegExp(pattern, 'gi'), '<redacted>')
  }, text)
}

function replace(text: string, patterns: readonly RegExp[], by: string): string {
  return patterns.reduce((shown, pattern) => shown.replaceAll(pattern, by), text)
}
