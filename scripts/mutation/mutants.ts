/** A change of one place of a source that no correct test suite should let pass. */
export type Mutant = {
  /** Path below the root, such as `contracts/MarginRegistry.sol`. */
  readonly file: string
  readonly line: number
  /** The line without the change and without indentation. */
  readonly code: string
  /** `check`: a refusal, an early return or a permission is taken away. `operator`: a comparison or a connective is another one. */
  readonly kind: 'check' | 'operator'
  readonly before: string
  readonly after: string
  /** The whole source with the change. */
  readonly source: string
}

/** All mutants of a source, in the order of their places. */
export function mutantsOf(file: string, source: string): readonly Mutant[] {
  const code = blankComments(source)
  const places = [...checks(code), ...guards(code), ...permissions(code), ...operators(code)]
  const lines = source.split('\n')
  return places
    .sort((a, b) => a.start - b.start)
    .map(({ kind, start, end, after }) => {
      const line = source.slice(0, start).split('\n').length
      return {
        ...{ file, line, kind, after },
        code: lines[line - 1]?.trim() ?? '',
        before: source.slice(start, end).replaceAll(/\s+/g, ' '),
        source: source.slice(0, start) + after + source.slice(end),
      }
    })
}

type Place = { readonly kind: Mutant['kind']; readonly start: number; readonly end: number; readonly after: string }

/** The condition in front of a revert never holds; a revert without a condition is gone. */
function* checks(code: string): Generator<Place> {
  for (const { index } of code.matchAll(/\brevert\s+\w+\(/g)) {
    const end = code.indexOf(';', closing(code, code.indexOf('(', index))) + 1
    const condition = conditionBefore(code, index)
    if (condition === undefined) yield { kind: 'check', start: index, end, after: '' }
    else {
      const text = code.slice(condition.start, condition.end)
      yield { kind: 'check', ...condition, after: `(false && ${text})` }
    }
  }
  for (const { index } of code.matchAll(/\brequire\(/g)) {
    yield { kind: 'check', start: index, end: code.indexOf(';', closing(code, index + 7)) + 1, after: '' }
  }
}

/** What an early return or a skipped item guards against goes on. */
function* guards(code: string): Generator<Place> {
  for (const { index } of code.matchAll(/\b(return\b|continue\b)/g)) {
    const condition = conditionBefore(code, index)
    if (condition === undefined) continue
    yield { kind: 'check', ...condition, after: `(false && ${code.slice(condition.start, condition.end)})` }
  }
}

/** A function that only some may call, or only under a guard, is open. */
function* permissions(code: string): Generator<Place> {
  for (const { 0: text, index } of code.matchAll(
    /(?<!modifier) (restricted|nonReentrant|withMargin\([^)]*\))(?=[^;{]*\{)/g,
  )) {
    yield { kind: 'check', start: index, end: index + text.length, after: '' }
  }
}

const opposites: Readonly<Record<string, string>> = {
  ' < ': ' <= ',
  ' <= ': ' < ',
  ' > ': ' >= ',
  ' >= ': ' > ',
  ' == ': ' != ',
  ' != ': ' == ',
  ' && ': ' || ',
  ' || ': ' && ',
}

function* operators(code: string): Generator<Place> {
  for (const { 0: text, index } of code.matchAll(/ (<=|>=|==|!=|<|>|&&|\|\|) /g)) {
    yield { kind: 'operator', start: index, end: index + text.length, after: opposites[text] as string }
  }
}

/** The parenthesis of the `if` that guards the statement at `index` and nothing else. */
function conditionBefore(code: string, index: number): { readonly start: number; readonly end: number } | undefined {
  const before = code.slice(0, index).trimEnd()
  const end = before.endsWith('{') ? before.slice(0, -1).trimEnd().length : before.length
  if (code[end - 1] !== ')') return undefined
  const start = opening(code, end - 1)
  return /\bif\s*$/.test(code.slice(0, start)) ? { start, end } : undefined
}

function closing(code: string, open: number): number {
  for (let i = open, depth = 0; i < code.length; i++) {
    if (code[i] === '(') depth++
    else if (code[i] === ')' && --depth === 0) return i
  }
  throw new Error('a parenthesis is not closed')
}

function opening(code: string, close: number): number {
  for (let i = close, depth = 0; i >= 0; i--) {
    if (code[i] === ')') depth++
    else if (code[i] === '(' && --depth === 0) return i
  }
  throw new Error('a parenthesis is not opened')
}

/** Comments as spaces, so that every place keeps its index. */
function blankComments(source: string): string {
  return source.replaceAll(/\/\/.*|\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ' '))
}
