import type { Address, Hash } from 'viem'
import { BaseError } from '../core/errors.ts'

/** The node serves another chain than the one asked for. */
export class ChainMismatchError extends BaseError {
  override readonly name = 'ChainMismatchError'

  constructor({ expected, actual }: { expected: number; actual: number }) {
    super(`The node serves chain ${actual}, not chain ${expected}.`, {
      metaMessages: ['Connect to a node of the chain that the parameter set names.'],
    })
  }
}

/** The node did not answer, or answered with an error of its own. The text carries neither its URL nor a key. */
export class RpcError extends BaseError {
  override readonly name = 'RpcError'

  /** Takes no `cause`: the errors of clients print the URL that was called. */
  constructor({ request, reason }: { request: string; reason: string }) {
    super(`${request} failed: ${reason}.`, {
      metaMessages: ['Nothing was concluded from it; try again, or use another node.'],
      retryable: true,
    })
  }
}

/** The pinned block is no longer part of the chain. */
export class ReorgedError extends BaseError {
  override readonly name = 'ReorgedError'

  constructor({ number, hash, found }: { number: bigint; hash: Hash; found: Hash | undefined }) {
    super(`Block ${number} is no longer ${hash}.`, {
      metaMessages: [
        found === undefined ? 'The node has no such block now.' : `The node now has ${found} there.`,
        'Pin a new block and read again.',
      ],
      retryable: true,
    })
  }
}

/** A view call reverted or gave an answer that its ABI cannot decode. */
export class CallFailedError extends BaseError {
  override readonly name = 'CallFailedError'
  readonly plan: string
  readonly contract: Address
  readonly functionName: string

  constructor({
    plan,
    contract,
    functionName,
    args,
    reason,
  }: {
    plan: string
    contract: Address
    functionName: string
    args: readonly unknown[]
    reason: string
  }) {
    super(`${plan}: ${functionName}(${args.map(String).join(', ')}) on ${contract} ${reason}.`, {
      metaMessages: ['Check the address in the configuration and that the contract is what the adapter expects.'],
    })
    this.plan = plan
    this.contract = contract
    this.functionName = functionName
  }
}

/** What one endpoint said or why it said nothing, by the name it was configured with. */
export type EndpointReport = { readonly endpoint: string; readonly said: string }

const toLines = (reports: readonly EndpointReport[]) => reports.map(({ endpoint, said }) => `${endpoint}: ${said}`)

/** Too few endpoints answered alike: some are down, behind, or serve another chain. */
export class NoQuorumError extends BaseError {
  override readonly name = 'NoQuorumError'
  readonly reports: readonly EndpointReport[]

  constructor(options: { request: string; agreed: number; needed: number; reports: readonly EndpointReport[] }) {
    const { request, agreed, needed, reports } = options
    super(`${request}: ${agreed} of the ${needed} endpoints that must agree do.`, {
      metaMessages: [...toLines(reports), 'Nothing was concluded from it; look after the endpoints, then try again.'],
      retryable: true,
    })
    this.reports = reports
  }
}

/** Endpoints contradict each other, and not enough of them agree to tell who is right. */
export class EndpointDisagreementError extends BaseError {
  override readonly name = 'EndpointDisagreementError'
  readonly reports: readonly EndpointReport[]

  constructor({ subject, reports }: { subject: string; reports: readonly EndpointReport[] }) {
    super(`The endpoints disagree about ${subject}.`, {
      metaMessages: [
        ...toLines(reports),
        'Nothing was concluded from it; find out which is wrong, or add an endpoint.',
      ],
      retryable: true,
    })
    this.reports = reports
  }
}

/** No endpoint that has the block gave an answer. */
export class EndpointsFailedError extends BaseError {
  override readonly name = 'EndpointsFailedError'
  readonly reports: readonly EndpointReport[]

  constructor({ request, reports }: { request: string; reports: readonly EndpointReport[] }) {
    super(`${request}: no endpoint that has the block answers.`, {
      metaMessages: [...toLines(reports), 'Nothing was concluded from it; look after the endpoints, then try again.'],
      retryable: true,
    })
    this.reports = reports
  }
}
