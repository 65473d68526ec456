import { writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import { toJson } from '../../src/core/canonical.ts'
import { formatSnapshot } from '../../src/core/snapshot.ts'
import { wad } from '../../src/core/units.ts'
import { referenceModels } from '../../src/risk/models/all.ts'
import { assets, balance, perpetual, portfolioOf, testMarket, testParameters } from '../support/books.ts'
import { expectClose } from '../support/close.ts'
import { runCommand, temporaryDirectory } from '../support/commandLine.ts'

const example = 'docs/examples/book.json'

describe('plimsoll with reference models', function () {
  this.timeout(120_000)
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  before(async () => {
    directory = await temporaryDirectory()
  })
  after(() => directory.remove())

  const write = async (name: string, content: string) => {
    await writeFile(directory.file(name), content)
    return directory.file(name)
  }
  const json = async (...args: string[]) => {
    const { code, stdout } = await runCommand([...args, '--json'])
    return { code, value: JSON.parse(stdout) }
  }

  it('compares a book under every model, with reasons where one refuses', async () => {
    const { code, value } = await json('compare', example)
    expect(code).to.equal(0)
    expect(value.models.map(({ model }: { model: string }) => model)).to.deep.equal([
      'plimsoll-1',
      ...referenceModels.map(({ id }) => id),
    ])
    for (const { model, initialMargin, equity, free, refusal } of value.models) {
      if (refusal === null) expectClose(equity - initialMargin, free, 1e-6, model)
      else expect(refusal.reason, model).to.be.a('string').with.length.above(10)
    }
    const { stdout } = await runCommand(['compare', example, '--models', 'span,venue-rules'])
    expect(stdout).to.match(/^model, USD +initial +maintenance +equity +free +binding\nspan .*\nvenue-rules /)
  })

  it('compares a snapshot without a chain, and exits with 1 when every model refuses', async () => {
    const parameters = testParameters()
    const set = await write('set.json', JSON.stringify(toJson(parameters)))
    const portfolio = portfolioOf(balance(assets.weth, 5n * wad), perpetual(-wad))
    const text = formatSnapshot({ schema: 'plimsoll-snapshot/1', portfolio, market: testMarket(), witnesses: [] })
    const snapshot = await write('snapshot.json', text)
    const { code, value } = await json('compare', snapshot, '--assets', set, '--models', 'plimsoll-1,tims')
    expect(code).to.equal(0)
    expect(value.models.every(({ refusal }: { refusal: unknown }) => refusal === null)).to.equal(true)
    const { code: refused } = await json('compare', snapshot, '--assets', set, '--models', 'venue-rules')
    expect(refused).to.equal(1)
  })

  it('calculates by a model with its defaults, with a file, and refuses a file with another field', async () => {
    const { value: shown } = await json('params', 'show', '--model', 'span')
    const file = await write('span.json', JSON.stringify(shown))
    const { value: byDefault } = await json('margin', example, '--model', 'span')
    const { value: byFile } = await json('margin', example, '--parameters', file)
    expect(byDefault).to.deep.include({ model: 'span', quote: 'USD' })
    expect(byFile).to.deep.equal(byDefault)
    const { value: hashed } = await json('params', 'hash', file)
    expect(hashed.hash).to.equal(byDefault.parametersHash)

    const surprising = await write('surprise.json', JSON.stringify({ ...shown, surprise: 1 }))
    const { code, value } = await json('margin', example, '--parameters', surprising)
    expect(code).to.equal(1)
    expect(value.error.message).to.contain('surprise')
  })

  it('reports in words, with scenarios on request', async () => {
    const { stdout } = await runCommand(['margin', example, '--model', 'tims', '--scenarios'])
    expect(stdout).to.contain('requirement, USD').and.contain('binding for ETH').and.contain('scenario ')
    const { stdout: own } = await runCommand(['margin', example])
    expect(own).to.contain('plimsoll-1 of 0x0000000000000000000000000000000000000000').and.contain('scan risk')
  })

  it('tells wrong usage by exit code 2', async () => {
    const wrong = [
      ['margin', example, '--model', 'nonsense'],
      ['compare', example, '--models', 'span,nonsense'],
      ['params', 'show', '--model', 'plimsoll-1'],
      ['margin', example, '--model', 'span', '--explain'],
    ]
    for (const args of wrong) expect((await runCommand(args)).code, args.join(' ')).to.equal(2)
    const { code, stdout } = await runCommand(['compare', '--help'])
    expect(code).to.equal(0)
    expect(stdout).to.contain('every model refuses')
  })
})
