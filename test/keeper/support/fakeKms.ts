import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KeyManagementServiceClient } from '@google-cloud/kms'
import * as Secp256k1 from 'ox/Secp256k1'
import * as Signature from 'ox/Signature'
import { concat, type Hex, hexToBytes } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** SubjectPublicKeyInfo of a key on secp256k1, uncompressed. */
const header: Hex = '0x3056301006072a8648ce3d020106052b8104000a034200'

/** What a fake KMS does for its key. The key and its signatures are real, and no more regular than those of a KMS. */
export type FakeKey = {
  readonly publicKey: Uint8Array
  /** DER, with a high s every second time. */
  readonly sign: (digest: Uint8Array) => Uint8Array
}

export function fakeKey(privateKey: Hex): FakeKey {
  let signatures = 0
  return {
    publicKey: hexToBytes(concat([header, privateKeyToAccount(privateKey).publicKey])),
    sign(digest) {
      const { r, s } = Secp256k1.sign({ payload: digest, privateKey })
      signatures += 1
      return Signature.toDerBytes({ r, s: signatures % 2 === 1 ? order - s : s })
    },
  }
}

type Reply = { readonly status: number; readonly body: object }

async function serve(contentType: string, answer: (request: IncomingMessage, body: string) => Reply) {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { status, body } = answer(request, Buffer.concat(chunks).toString())
    response.writeHead(status, { 'content-type': contentType }).end(JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A fake of AWS KMS over HTTP: as much of its JSON protocol as the real SDK needs for two calls. */
export async function startFakeAwsKms(keys: Readonly<Record<string, FakeKey>>) {
  const { port, stop } = await serve('application/x-amz-json-1.1', (request, text) => {
    const refuse = (__type: string, message: string) => ({ status: 400, body: { __type, message } })
    if (!String(request.headers.authorization).startsWith('AWS4-HMAC-SHA256 ')) {
      return refuse('MissingAuthenticationTokenException', 'unsigned')
    }
    const { KeyId, Message, MessageType, SigningAlgorithm } = JSON.parse(text)
    const key = keys[KeyId]
    if (key === undefined) return refuse('NotFoundException', `no ${KeyId} in account 0123456789`)
    if (request.headers['x-amz-target'] === 'TrentService.GetPublicKey') {
      return { status: 200, body: { KeyId, PublicKey: toBase64(key.publicKey) } }
    }
    const digest = Buffer.from(Message, 'base64')
    if (MessageType !== 'DIGEST' || SigningAlgorithm !== 'ECDSA_SHA_256' || digest.length !== 32) {
      return refuse('ValidationException', 'not a digest')
    }
    return { status: 200, body: { KeyId, Signature: toBase64(key.sign(digest)) } }
  })
  return { endpoint: `http://127.0.0.1:${port}`, stop }
}

/** A fake of Google Cloud KMS over HTTP, in the JSON of its REST interface, and Google's own client that talks to it. */
export async function startFakeGcpKms(keys: Readonly<Record<string, FakeKey>>) {
  const { port, stop } = await serve('application/json', ({ url = '/' }, text) => {
    const { pathname } = new URL(url, 'http://fake')
    const [, name = '', method] = /^\/v1\/(.*?)(?:\/(publicKey)|:asymmetricSign)$/.exec(pathname) ?? []
    const key = keys[name]
    if (key === undefined)
      return { status: 404, body: { error: { code: 404, message: `no ${name}`, status: 'NOT_FOUND' } } }
    if (method === 'publicKey') {
      const lines = toBase64(key.publicKey).replace(/.{64}/g, '$&\n')
      return { status: 200, body: { name, pem: `-----BEGIN PUBLIC KEY-----\n${lines}\n-----END PUBLIC KEY-----\n` } }
    }
    const digest = Buffer.from(JSON.parse(text).digest.sha256, 'base64')
    return { status: 200, body: { name, signature: toBase64(key.sign(digest)) } }
  })
  const auth = {
    getClient: async () => auth,
    getRequestHeaders: async () => new Headers({ authorization: 'Bearer fake' }),
    getUniverseDomain: async () => 'googleapis.com',
    getProjectId: async () => 'fake',
    universeDomain: 'googleapis.com',
    fetch: (input: string, init: RequestInit) => fetch(input, init),
  }
  const where = { fallback: true, protocol: 'http', apiEndpoint: '127.0.0.1', port }
  return { client: new KeyManagementServiceClient({ ...where, auth } as never), stop }
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
