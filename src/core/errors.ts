/** What an error says beyond its first sentence. */
export type BaseErrorOptions = {
  /** Further lines: the values involved, then what to do. */
  readonly metaMessages?: readonly string[]
  readonly cause?: unknown
  /** True when the same call may succeed later without any change by the caller. */
  readonly retryable?: boolean
}

/** Base of every error that this package throws. The message names the item and the remedy. */
export class BaseError extends Error {
  override readonly name: string = 'BaseError'
  readonly shortMessage: string
  readonly metaMessages: readonly string[]
  readonly retryable: boolean

  constructor(shortMessage: string, options: BaseErrorOptions = {}) {
    const metaMessages = options.metaMessages ?? []
    super([shortMessage, ...metaMessages].join('\n'), options.cause === undefined ? {} : { cause: options.cause })
    this.shortMessage = shortMessage
    this.metaMessages = metaMessages
    this.retryable = options.retryable ?? false
  }
}

/** A value from outside (file, argument, contract) does not have the shape or range it must have. */
export class InvalidInputError extends BaseError {
  override readonly name = 'InvalidInputError'
}

/** A required market input (price, rate, volatility) is absent. */
export class MissingMarketDataError extends BaseError {
  override readonly name = 'MissingMarketDataError'
}

/** A market input is older than its bound. */
export class StaleMarketDataError extends BaseError {
  override readonly name = 'StaleMarketDataError'
}

/** A market input is less certain than its bound. */
export class UncertainMarketDataError extends BaseError {
  override readonly name = 'UncertainMarketDataError'
}

/** A liability that the model cannot value; the account is refused rather than guessed. */
export class UnpricedLiabilityError extends BaseError {
  override readonly name = 'UnpricedLiabilityError'
}

/** Two reads that must agree do not. */
export class InconsistentReadError extends BaseError {
  override readonly name = 'InconsistentReadError'
}

/** An integer does not fit the field that must carry it. */
export class OutOfRangeError extends BaseError {
  override readonly name = 'OutOfRangeError'
}
