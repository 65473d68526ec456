import { expect } from 'chai'
import {
  ContractFunctionExecutionError,
  HttpRequestError,
  LimitExceededRpcError,
  RpcRequestError,
  TimeoutError,
  WebSocketRequestError,
} from 'viem'
import { describeRpcFailure } from '../../src/chain/describeRpcFailure.ts'
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
