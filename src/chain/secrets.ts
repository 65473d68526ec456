/** Texts that no log or error may show, the longer ones first. Made for those who need it and handed to them; there is no list for all. */
export type Secrets = readonly string[]

/** Parts of URLs that say which service or network, and nothing about who uses it. Two characters say nothing either. */
const plainWords = new Set(
  `api archive arbitrum avalanche base bsc eth ethereum evm ext full gnosis goerli holesky hoodi http https json jsonrpc linea
  localhost main mainnet net node nodes one opbnb optimism polygon public rpc scroll sepolia testnet wss www zksync`.split(
    /\s+/,
  ),
)

/** What must not be shown of URLs: the whole, host, user, password, path, query, and names below the provider's domain. */
export function secretsOfUrls(urls: readonly string[]): Secrets {
  return longestFirst(urls.flatMap(partsOf).flatMap(spellingsOf))
}

/** What must not be shown of the nodes behind a viem transport: their URLs and the headers that are sent to them. */
export function secretsOfTransport(transport: unknown): Secrets {
  const { url, fetchOptions, transports, value } = toRecord(transport)
  const headers = headersOf(toRecord(fetchOptions).headers)
  const nested = [...(Array.isArray(transports) ? transports : []), ...(value === undefined ? [] : [value])]
  return longestFirst([
    ...secretsOfUrls(typeof url === 'string' ? [url] : []),
    ...headers.flatMap((header) => [header, ...header.split(/\s+/)]).filter(isTelling),
    ...nested.flatMap(secretsOfTransport),
  ])
}

function partsOf(text: string): string[] {
  if (!URL.canParse(text)) return [text].filter(isTelling)
  const { href, host, hostname, username, password, pathname, searchParams, hash } = new URL(text)
  const isIpAddress = /^[\d.]+$|^\[/.test(hostname)
  const credentials = username === '' ? '' : btoa(`${decode(username)}:${decode(password)}`)
  const subdomains = isIpAddress ? [] : hostname.split('.').slice(0, -2)
  const path = pathname.split('/')
  return [text, href, host, hostname, hostname.replaceAll(/[[\]]/g, ''), username, password, credentials]
    .concat(subdomains, path, [...searchParams.values()], hash.slice(1))
    .filter(isTelling)
}

function isTelling(text: string): boolean {
  return text.length > 2 && !plainWords.has(text.toLowerCase())
}

/** As written, decoded, and encoded again. */
function spellingsOf(text: string): string[] {
  const plain = decode(text)
  return [text, plain, encodeURIComponent(plain), encodeURI(plain), JSON.stringify(plain).slice(1, -1)]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function headersOf(headers: unknown): string[] {
  if (headers instanceof Headers) return [...headers.values()]
  const values = Array.isArray(headers) ? headers.map((entry) => toRecord(entry)[1]) : Object.values(toRecord(headers))
  return values.filter((value) => typeof value === 'string')
}

function toRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function longestFirst(texts: readonly string[]): Secrets {
  return [...new Set(texts)].sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
}
