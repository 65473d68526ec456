import { expect } from 'chai'
import {
  ContractFunctionExecutionError,
  HttpRequestError,
  LimitExceededRpcError,
  RpcRequestError,
  TimeoutError,
  WebSocketRequestError,
} from 'viem'
import { describeRpcFailure, redact } from '../../src/chain/describeRpcFailure.ts'
import { RpcError } from '../../src/chain/errors.ts'

const key = 'a1b2c3d4e5f60718293a4b5c6d7e8f90'
const url = `https://mainnet.example.io/v3/${key}`

function wrapped(cause: Error): ContractFunctionExecutionError {
  return new ContractFunctionExecutionError(cause as never, { abi: [], functionName: 'aggregate3', args: [] })
}

describe('describeRpcFailure', () => {
  const failures: Record<string, [Error, RegExp]> = {
    'an HTTP status': [
      new HttpRequestError({ url, status: 503, details: `upstream ${url} failed` }),
      /HTTP status 503/,
    ],
    'a connection refused': [new HttpRequestError({ url, details: `connect ECONNREFUSED ${url}` }), /no HTTP answer/],
    'a timeout': [new TimeoutError({ body: { method: 'eth_call' }, url }), /no answer in time/],
    'a socket failure': [new WebSocketRequestError({ url: `wss://${key}.example.io` }), /the socket failed/],
    'an RPC error': [
      new LimitExceededRpcError(
        new RpcRequestError({ body: {}, error: { code: -32005, message: `quota of ${key} used, see ${url}` }, url }),
      ),
      /RPC error -32005: /,
    ],
    'an unknown failure': [new TypeError(`fetch failed: ${url}`), /^TypeError$/],
  }
  for (const [name, [error, expected]] of Object.entries(failures)) {
    it(`names ${name} without URL or key`, () => {
      for (const failure of [error, wrapped(error)]) {
        const text = describeRpcFailure(failure)
        if (failure === error) expect(text).to.match(expected)
        const thrown = new RpcError({ request: 'eth_call', reason: text })
        const printed = `${thrown.message} ${thrown.stack} ${JSON.stringify(thrown)}`
        expect(printed).not.to.contain(key)
        expect(printed).not.to.contain('example.io')
        expect(thrown.retryable).to.equal(true)
        expect(thrown.cause).to.equal(undefined)
      }
    })
  }
})

describe('redact', () => {
  it('keeps addresses and hashes, drops keys, queries and locations', () => {
    const address = `0x${'ab'.repeat(20)}`
    const hash = `0x${'cd'.repeat(32)}`
    expect(redact(`call ${address} at ${hash}`)).to.equal(`call ${address} at ${hash}`)
    for (const secret of [
      `127.0.0.1:8545/${key}`,
      'node.example.io/short',
      'path?apikey=short',
      key,
      `wss://user:short@node.example.io/short`,
    ]) {
      const text = redact(`failed at ${secret} today`)
      expect(text).not.to.contain(key)
      expect(text).not.to.contain('short')
    }
  })
})
