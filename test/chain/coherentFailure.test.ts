import { expect } from 'chai'
import { HttpRequestError, RpcRequestError, TimeoutError } from 'viem'
import { type FailureKind, toEndpointFailure } from '../../src/chain/coherentFailure.ts'

const url = 'https://node.example.io/k3y'
const now = Date.parse('2025-06-01T00:00:00Z')
const judge = (error: unknown) => toEndpointFailure(error, { name: 'alpha', method: 'eth_call', secrets: ['k3y'], now })
const rpc = (code: number, message: string, data?: unknown) =>
  new RpcRequestError({ body: {}, url, error: { code, message, ...(data === undefined ? {} : { data }) } })

describe('failures of an endpoint', () => {
  const cases: readonly [FailureKind, string, ReturnType<typeof rpc>][] = [
    ['answer', 'geth', rpc(3, 'execution reverted: block not found', '0x08c379a0')],
    ['answer', 'Hardhat', rpc(3, 'Transaction reverted without a reason string', '0x')],
    ['answer', 'nethermind', rpc(-32015, 'VM execution error: revert', '0x1234')],
    ['answer', 'old nodes', rpc(-32000, 'execution reverted')],
    ['missing', 'geth', rpc(-32000, 'header not found')],
    ['missing', 'geth by hash', rpc(-32000, 'header for hash not found')],
    ['missing', 'geth without history', rpc(-32000, 'missing trie node 0x12 (path ) state 0x34 is not available')],
    ['missing', 'erigon', rpc(-32000, 'block 0x12 not found')],
    ['missing', 'besu', rpc(-39001, 'Unknown block')],
    ['missing', 'anvil', rpc(-32001, 'Resource not found')],
    ['missing', 'anvil by number', rpc(-32602, 'BlockOutOfRangeError: block height is 0 but requested was 2457')],
    ['missing', 'Hardhat', rpc(-32000, `Received invalid block tag 0x${'12'.repeat(32)}. Latest block number is 0`)],
    ['missing', 'Hardhat for logs', rpc(-32602, 'blockHash cannot be found')],
    ['limit', 'geth, gas', rpc(-32000, 'out of gas: gas required exceeds: 50000000')],
    ['limit', 'anvil, gas', rpc(-32603, 'EVM error OutOfGas')],
    ['limit', 'Hardhat, gas', rpc(-32000, 'Transaction ran out of gas', { message: 'ran out of gas', data: '0x' })],
    ['limit', 'Hardhat, initcode', rpc(-32000, 'create initcode size limit')],
    ['limit', 'geth, time', rpc(-32000, 'execution aborted (timeout = 5s)')],
    ['limit', 'a provider, answer', rpc(-32008, 'Response size is larger than 150MB limit: response size exceeded')],
    ['busy', 'a provider', rpc(429, 'Your app has exceeded its compute units per second capacity')],
    ['busy', 'another', rpc(-32005, 'daily request count exceeded, request rate limited')],
    ['busy', 'a third', rpc(-32007, '50/second request limit reached')],
    ['unsupported', 'anvil', rpc(-32601, 'Method not found')],
    ['unsupported', 'Hardhat', rpc(-32004, 'Method eth_foo is not supported')],
    ['broken', 'any', rpc(-32603, 'internal error')],
  ]
  for (const [kind, whose, error] of cases) {
    it(`are ${kind}: ${whose}, ${error.details}`, () => {
      const failure = judge(error)
      expect(failure.kind).to.equal(kind)
      expect(failure.error).to.be.instanceOf(RpcRequestError).and.have.property('code', error.code)
      expect(`${failure.message} ${failure.error}`).not.to.match(/example\.io|k3y/)
    })
  }

  it('are limit for whatever a node says of a range of logs, unless it asks to come later or has no logs', () => {
    for (const [kind, error] of [
      ['limit', rpc(-32005, 'query returned more than 10000 results')],
      ['limit', rpc(-32602, 'eth_getLogs is limited to a 500 range')],
      ['limit', rpc(-32000, 'any words')],
      ['busy', rpc(-32005, 'too many requests')],
      ['busy', rpc(429, 'any words')],
      ['unsupported', rpc(-32601, 'the method eth_getLogs does not exist')],
    ] as const) {
      const failure = toEndpointFailure(error, { name: 'alpha', method: 'eth_getLogs', secrets: [], now })
      expect(failure.kind, error.details).to.equal(kind)
    }
  })

  it('keep the data of a revert, wherever the node puts it', () => {
    for (const data of ['0x1234', { data: '0x1234', message: 'reverted' }]) {
      const failure = judge(rpc(3, 'execution reverted', data))
      expect(failure.data).to.equal('0x1234')
      expect(failure.error).to.have.property('data', '0x1234')
    }
  })

  it('keep the pause that is asked for, in seconds or until a date', () => {
    const busy = (status: number, retryAfter?: string) => {
      const headers = new Headers(retryAfter === undefined ? {} : { 'Retry-After': retryAfter })
      const { kind, retryAfter: pause } = judge(new HttpRequestError({ url, status, headers }))
      return [kind, pause]
    }
    expect(busy(429, '7')).to.deep.equal(['busy', 7_000])
    expect(busy(503, 'Sun, 01 Jun 2025 00:00:09 GMT')).to.deep.equal(['busy', 9_000])
    expect(busy(429, 'Sat, 31 May 2025 00:00:00 GMT')).to.deep.equal(['busy', undefined])
    expect(busy(429, 'soon')).to.deep.equal(['busy', undefined])
    expect(busy(429)).to.deep.equal(['busy', undefined])
    expect(busy(503)).to.deep.equal(['broken', undefined])
  })

  it('of the way to a node are told without it', () => {
    for (const [error, kind, message] of [
      [new TimeoutError({ body: {}, url }), 'broken', 'no answer in time'],
      [new HttpRequestError({ url, details: `connect ECONNREFUSED ${url}` }), 'broken', 'no HTTP answer'],
      [new HttpRequestError({ url, status: 413 }), 'limit', 'HTTP status 413'],
      [new SyntaxError(`Unexpected end of ${url}`), 'broken', 'SyntaxError'],
      ['a text', 'broken', 'unknown error'],
    ] as const) {
      const failure = judge(error)
      expect({ kind: failure.kind, message: failure.message }).to.deep.equal({ kind, message })
      expect(`${failure.error}`).not.to.match(/example\.io|k3y/)
    }
  })
})
