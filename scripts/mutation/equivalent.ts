import type { Mutant } from './mutants.ts'

type Equivalent = Pick<Mutant, 'file' | 'code' | 'before' | 'after'> & {
  /** Why no test can tell the change. */
  readonly why: string
}

const operators = (file: string, code: string, before: string, after: string, why: string): Equivalent => ({
  ...{ file: `contracts/${file}`, code, before, after, why },
})

/** Changes of operators after which the contracts do the same; found by `npm run mutate -- --kind operator` and argued by hand. */
const equivalents: readonly Equivalent[] = [
  operators(
    'MarginConsumer.sol',
    'if (free < 0 || uint256(free) * WAD < surcharge) return 0;',
    '<',
    '<=',
    'where nothing is free beyond the surcharge, the quotient below is zero too',
  ),
  operators(
    'MarginRegistry.sol',
    'for (uint256 offset = start; offset < msg.data.length; offset += ITEM) {',
    '<',
    '<=',
    'behind the last item everything reads as zero, and an item of account zero is skipped',
  ),
  operators(
    'MarginRegistry.sol',
    'if (word.maintenanceMargin() > word.initialMargin()) {',
    '>',
    '>=',
    'records whose margins are in order have left before, but for those refused in between',
  ),
  operators(
    'MarginRegistry.sol',
    'if (modelId >= ConfigurationCode.modelsIn(header)) revert UndefinedModel(modelId);',
    '>=',
    '>',
    'behind the last model follow zeros: a model without a hash is undefined',
  ),
  operators(
    'RegistryConfiguration.sol',
    'if (entry.until > block.timestamp) {',
    '>',
    '>=',
    'a model that ends now ends now',
  ),
  ...['if (amount > loan.debt) amount = loan.debt;', 'if (seized > loan.collateral) seized = loan.collateral;'].map(
    (code) => operators('examples/CreditLine.sol', code, '>', '>=', 'the smaller of two equal amounts is either'),
  ),
  ...[
    'if (margin.observedAt > heardAt) heardAt = margin.observedAt;',
    'if (margin.observedAt > loan.lastRecordAt) loan.lastRecordAt = margin.observedAt;',
  ].map((code) => operators('examples/CreditLine.sol', code, '>', '>=', 'the later of two equal times is either')),
  operators(
    'libraries/ConfigurationCode.sol',
    'assert(signers.length <= 16 && models.length <= 24);',
    '&&',
    '||',
    'callers have bounded both lists before',
  ),
  operators(
    'libraries/ControlsWord.sol',
    'assert(modelId < 24);',
    '<',
    '<=',
    'callers have found the model in a list of at most 24',
  ),
  operators(
    'libraries/MarginWord.sol',
    'return time == otherTime ? free(word) < free(other) : time > otherTime;',
    '>',
    '>=',
    'the times differ there',
  ),
  operators('libraries/ModelTerms.sol', 'if (free < 0) free = 0;', '<', '<=', 'zero becomes zero'),
  operators(
    'libraries/ModelTerms.sol',
    'if (elapsed > longest) elapsed = longest;',
    '>',
    '>=',
    'the smaller of two equal spans is either',
  ),
  operators(
    'testing/MockMarginRegistry.sol',
    'if (time > _controls.newestRootTime()) _controls = _controls.withNewestRootTime(time);',
    '>',
    '>=',
    'the time that is there is written again',
  ),
]

/** Why a mutant is none: the contract does the same with it. */
export function whyEquivalent({
  file,
  code,
  before,
  after,
}: Pick<Mutant, 'file' | 'code' | 'before' | 'after'>): string | undefined {
  const operator = before.trim()
  return equivalents.find(
    (known) => known.file === file && known.code === code && known.before === operator && known.after === after.trim(),
  )?.why
}
