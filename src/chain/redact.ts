import type { Secrets } from './secrets.ts'

/** A secret that is shorter counts as a whole word only, so that it does not tear up other words. */
const shortest = 8

/** Longest text of somebody else that is looked at: what stands behind would only cost time. */
const longest = 4_000

/**
 * What a URL or the way to a node looks like when nothing is known of it. Repetitions are bounded: a node or a peer chooses
 * the text, and must not choose how long the search takes.
 */
const locations: readonly RegExp[] = [
  /(\b(?!file:)[a-z][a-z0-9+.-]{0,40}|[a-z0-9+.-]{41}):\/\/\S+/gi,
  /(\b[a-z][a-z0-9+.-]{0,40}|[a-z0-9+.-]{41})%3a(%2f){2}\S*/gi,
]

/** The same without a scheme, which prose of our own may look like. */
const bareLocations: readonly RegExp[] = [
  /\[(?=[^\]\s]*:[^\]\s]*:)[\da-f:.%]+\]\S*/gi,
  /\b[\w.-]{1,253}:\d{2,5}\b\S*/g,
  /\b[\w-]{1,63}(\.[\w-]{1,63}){1,8}\/\S*/g,
  /\b([\w-]{1,63}\.){2,8}[a-z]{2,63}\b/gi,
  /(?<=\b(ENOTFOUND|EAI_AGAIN)\s)\S+/g,
]

const credentials =
  /\b((?:proxy-)?authorization|(?:x-)?api[-_]?key|access[-_]?token|token|password|secret)(["']?\s*[:=]\s*["']?)(?:(?:bearer|basic)\s+)?[^\s"',}]+/gi
const schemes = /\b(bearer|basic)\s+[\w+/=.~-]+/gi

/** Our own text without the secrets and without URLs; anything else stays. */
export function redactUrls(text: string, secrets: Secrets = []): string {
  return hide(hideLogins(replace(text, locations, '<url>')), secrets)
}

/** Words with a user and a password before a host. */
function hideLogins(text: string): string {
  return text.replaceAll(/\S+/g, (word) => {
    const colon = word.indexOf(':')
    return colon >= 0 && word.lastIndexOf('@', word.length - 2) > colon ? '<url>' : word
  })
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
  return replace(redactCredentials(redactUrls(shortened(text), secrets)), bareLocations, '<url>')
    .replaceAll(/\?\S*=\S*/g, '<query>')
    .replaceAll(/[\w+/=-]{20,}/g, (word) => (isHarmless(word) ? word : '<redacted>'))
}

/**
 * A name that was given to something, such as a node or a co-signer. A short word is hidden only by its looks: the URL of a
 * co-signer often holds its name, and names that are hidden alike could not be told apart.
 */
export function redactName(text: string, secrets: Secrets = []): string {
  return redactWhole(text, /^[\w -]{1,32}$/.test(text) ? [] : secrets)
}

/** Without a part of a word at the end, which nothing would know as the secret that it was. */
function shortened(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest).replace(/\S+$/, '')}…`
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
