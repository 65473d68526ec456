import { expect } from 'chai'
import { network } from 'hardhat'
import { parseParameters } from '../../src/core/parameters.ts'
import { findNetwork, networkParameters } from '../../src/networkParameters.ts'
import { runCommand, temporaryDirectory } from '../support/commandLine.ts'

const account = '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC'

describe('plimsoll on a public network without a deployment', function () {
  this.timeout(240_000)
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  const servers: { close(): Promise<void> }[] = []

  const serve = async (chainId: number): Promise<string> => {
    const server = await network.createServer({ network: 'default', override: { chainId } }, '127.0.0.1', 0)
    servers.push(server)
    return `http://127.0.0.1:${(await server.listen()).port}`
  }
  /** Where no devnet has left a deployment. */
  const run = (...args: string[]) => runCommand([...args, '--json'], {}, directory.file('.'))
  const refusal = async (...args: string[]) => {
    const { code, stdout } = await run(...args)
    expect(code, stdout).to.equal(1)
    return JSON.parse(stdout).error
  }

  before(async () => {
    directory = await temporaryDirectory()
  })
  after(async () => {
    for (const server of servers) await server.close()
    await directory.remove()
  })

  it('reads by the set of Ethereum at a node of chain 1, and says what is missing where nothing lies at the addresses', async () => {
    const url = await serve(1)
    for (const command of ['read', 'margin', 'ladder', 'whatif', 'compare']) {
      const { name, message } = await refusal(command, account, '--rpc', url)
      expect(name, command).to.equal('CallFailedError')
      expect(message, command).to.match(
        /^(wallet|aave-v3|spark|uniswap-v3|morpho-blue|compound-v3): \w+\(.*\) on 0x[0-9a-fA-F]{40} answered nothing: there is no contract/,
      )
      expect(message, command).not.to.include(url)
    }
  })

  it('refuses a chain that it has no set for, names of accounts, and a node that does not answer', async () => {
    const url = await serve(424_242)
    const unknown = await refusal('read', account, '--rpc', url)
    expect(unknown.name).to.equal('UnknownNetworkError')
    expect(unknown.message).to.include('chain 424242').and.include('ethereum (chain 1)')
    await servers.pop()?.close()
    expect((await refusal('margin', account, '--rpc', url)).name).to.equal('RpcError')
    const [first] = await Promise.all([serve(1)])
    expect((await refusal('read', 'hedged', '--rpc', first)).message).to.include('neither an address nor an account')
  })

  it('still needs a deployment without --rpc, and where one is named that is not there', async () => {
    const without = await refusal('read', account)
    expect(without.message).to.include('--rpc')
    const named = await refusal('read', account, '--rpc', 'http://127.0.0.1:9', '--deployment', 'other.json')
    expect([named.name, named.message.includes('other.json')]).to.deep.equal(['InvalidInputError', true])
  })

  it('prints the set, which is one to edit and use', async () => {
    const { code, stdout } = await run('params', 'show', '--network', 'ethereum')
    expect(code).to.equal(0)
    expect(parseParameters(JSON.parse(stdout))).to.deep.equal(networkParameters(findNetwork('ethereum')))
    const unknown = await refusal('params', 'show', '--network', 'nowhere')
    expect(unknown.name).to.equal('UnknownNetworkError')
  })
})
